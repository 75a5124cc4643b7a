"""Credentials, and the only place that turns them into a header."""

from __future__ import annotations

from sessionboard_async.errors import ConfigurationError


class Token:
    """An API token of an organization, which shows itself to nobody but the transport."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        value = value.strip() if isinstance(value, str) else ""
        problem = _problem(value)
        if problem:
            # Out of the frame, which the traceback keeps, before the error is raised.
            del value
            raise ConfigurationError(problem)
        self._value = value

    def __repr__(self) -> str:
        return "Token('***')"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a token does not pickle: make a new session from it where it is needed")

    def headers(self) -> dict[str, str]:
        """Return the headers that authenticate a request to the API's own origin."""
        return {"x-access-token": self._value}

    def reveal(self) -> str:
        """Return the token itself, to blot it out of a text."""
        return self._value


def _problem(value: str) -> str:
    if not value:
        return "the token is empty: pass one, or set SESSIONBOARD_TOKEN"
    if not value.isascii() or not value.isprintable():
        return "the token holds characters that no header can carry: copy it again"
    return ""
