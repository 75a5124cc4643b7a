"""Credentials, and the only place that turns them into a header."""

from __future__ import annotations

from sessionboard_async.core.request import refuse_control_characters
from sessionboard_async.errors import ConfigurationError


class Token:
    """An API token of an organization, which shows itself to nobody but the transport."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        value = value.strip()
        if not value:
            raise ConfigurationError("the token is empty: pass one, or set SESSIONBOARD_TOKEN")
        try:
            refuse_control_characters("the token", value)
            value.encode("ascii")
        except ValueError:
            # Not chained: the error of `encode` holds the token.
            refused = True
        else:
            refused = False
        if refused:
            raise ConfigurationError("the token holds characters that no header can carry: copy it again")
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
