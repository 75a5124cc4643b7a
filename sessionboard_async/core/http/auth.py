"""Credentials, and the only place that turns them into a header."""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

from sessionboard_async.errors import ConfigurationError

TokenType = Literal["api", "Bearer"]
"""``api`` for a token that an administrator made, ``Bearer`` for an access token of OAuth."""


class Token:
    """A token of an organization, which shows itself to nobody but the transport."""

    __slots__ = ("_type", "_value")

    def __init__(self, value: object, token_type: TokenType = "api") -> None:  # noqa: S107  # a kind, no secret
        if token_type not in get_args(TokenType):
            del value
            raise ConfigurationError("token_type must be 'api' or 'Bearer'")
        problem = _problem(value)
        if problem:
            # Out of the frame, which the traceback keeps, before the error is raised.
            del value
            raise ConfigurationError(problem)
        self._value = str(value).strip()
        self._type = token_type

    def __repr__(self) -> str:
        return "Token('***')"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a token does not pickle: make a new session from it where it is needed")

    def headers(self) -> dict[str, str]:
        """Return the headers that authenticate a request to the API's own origin."""
        if self._type == "Bearer":
            return {"Authorization": f"Bearer {self._value}"}
        return {"x-access-token": self._value}

    def digest(self) -> str:
        """Return a hash that tells tokens apart and does not give them away."""
        return hashlib.sha256(self._value.encode()).hexdigest()

    def reveal(self) -> str:
        """Return the token itself, to blot it out of a text."""
        return self._value


def _problem(value: object) -> str:
    if not isinstance(value, str):
        return f"the token must be a string, not {type(value).__name__}"
    value = value.strip()
    if not value:
        return "the token is empty: pass one, or set SESSIONBOARD_TOKEN"
    if not value.isascii() or not value.isprintable():
        return "the token holds characters that no header can carry: copy it again"
    return ""
