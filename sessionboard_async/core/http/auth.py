"""The token, and the header that carries it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal, get_args

from sessionboard_async.errors import ConfigurationError

TokenType = Literal["api", "Bearer", "none"]
"""``api``: an API token that an administrator made; ``Bearer``: an OAuth access token; ``none``: no token."""


_TOKENLESS: TokenType = "none"
_UNEXPECTED = "token_type='none' is for a client without a token: pass no token, or another token_type"


class Token:
    """The token of an organization. Its ``repr`` hides it, and it does not pickle."""

    __slots__ = ("_type", "_value")

    def __init__(self, value: object, token_type: TokenType = "api") -> None:  # noqa: S107  # a type, not a secret
        if token_type not in get_args(TokenType):
            del value
            raise ConfigurationError("token_type must be 'api', 'Bearer' or 'none'")
        problem = _problem(value) if token_type != _TOKENLESS else "" if value is None else _UNEXPECTED
        if problem:
            # Removed before the error is raised, whose traceback keeps this frame.
            del value
            raise ConfigurationError(problem)
        self._value = "" if value is None else str(value).strip()
        self._type = token_type

    def __repr__(self) -> str:
        return "Token('***')"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a token does not pickle: create a new AsyncSession where it is needed")

    def headers(self) -> dict[str, str]:
        """Return the headers that authenticate a request to the API.

        Raises:
            ConfigurationError: If there is no token.
        """
        if self._type == _TOKENLESS:
            raise ConfigurationError(
                "this client was made with token_type='none', which is enough for sb.oauth only: for other "
                "operations make a client with an API token, or with an access token and token_type='Bearer'"
            )
        if self._type == "Bearer":
            return {"Authorization": f"Bearer {self._value}"}
        return {"x-access-token": self._value}

    def digest(self) -> str:
        """Return a hash that identifies the token without revealing it."""
        return hashlib.sha256(self._value.encode()).hexdigest()

    def reveal(self) -> str:
        """Return the token itself, to remove it from a text."""
        return self._value


def credentials_of(
    token: str | None, token_type: TokenType, environment: Mapping[str, str]
) -> Token | ConfigurationError:
    """Return the token that was passed, else that of the environment; or the error, which is not raised here.

    The traceback of an error keeps the frame that raised it, and so the text of the token.
    """
    given = token if token is not None or token_type == _TOKENLESS else environment.get("SESSIONBOARD_TOKEN")
    if given is None and token_type != _TOKENLESS:
        return ConfigurationError("no token: pass one, or set the environment variable SESSIONBOARD_TOKEN")
    try:
        return Token(given, token_type)
    except ConfigurationError as error:
        return error.with_traceback(None)


def _problem(value: object) -> str:
    if not isinstance(value, str):
        return f"the token must be a string, not {type(value).__name__}"
    value = value.strip()
    if not value:
        return "the token is empty: pass one, or set SESSIONBOARD_TOKEN"
    if value.lower().startswith("bearer "):
        return "the token begins with 'Bearer': pass what follows, with token_type='Bearer'"
    if not value.isascii() or not value.isprintable():
        return "the token has characters that are invalid in a header: copy it again"
    return ""
