"""The tokens of the embedded server, and their permissions."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from aiohttp import hdrs

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.testing._data.errors import RequestError


@dataclass(frozen=True)
class Grant:
    """The permissions of a token.

    Attributes:
        scopes: The scopes; ``None`` for all. An empty set allows every read and no write, as with the API's
            oldest tokens.
        events: The accessible events; ``None`` for all.
        hides_personal_data: Mask e-mail addresses, phone numbers and the like in answers.
    """

    scopes: frozenset[str] | None = None
    events: frozenset[int] | None = None
    hides_personal_data: bool = False

    def allows(self, endpoint: Endpoint[object]) -> bool:
        """Return whether the scopes suffice for an operation."""
        if endpoint.scope is None or self.scopes is None or endpoint.scope in self.scopes:
            return True
        return not self.scopes and endpoint.scope.startswith("read:")

    def sees(self, event_id: object) -> bool:
        """Return whether the token may access an event."""
        return self.events is None or event_id in self.events


class Access:
    """The tokens of a server.

    Args:
        seed: Seed of the tokens.
        granted: Returns the permissions of a token issued elsewhere; ``None`` if it is unknown there.
    """

    def __init__(self, seed: int, granted: Callable[[str], Grant | None] = lambda _: None) -> None:
        self._seed = seed
        self._granted = granted
        self._grants: dict[str, Grant] = {}
        self._made = 0

    def issue(self, grant: Grant) -> str:
        """Issue a token."""
        self._made += 1
        key = f"token/{self._seed}" if self._made == 1 else f"token/{self._seed}/{self._made}"
        text = base64.b64encode(blake2b(key.encode(), digest_size=18).digest()).decode()
        token = f"embedded-fake+{text[:12]}/{text[12:]}=="
        self._grants[token] = grant
        return token

    def revoke(self, token: str) -> None:
        """Revoke a token; does nothing if it is unknown."""
        self._grants.pop(token, None)

    def grant_of(self, headers: Mapping[str, str]) -> Grant:
        """Return the permissions of the token of a request.

        Raises:
            RequestError: With 401 if there is no token, or an unknown one.
        """
        scheme, _, bearer = headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        given = headers.get("x-access-token") or (bearer if scheme.lower() == "bearer" else "")
        if not given:
            raise RequestError(401, "the request has no token")
        grant = self._grants.get(given) or self._granted(given)
        if grant is None:
            raise RequestError(401, "the token is not valid")
        return grant


def scopes_of(scopes: Iterable[str] | None) -> frozenset[str] | None:
    """Check a caller's scopes.

    Raises:
        TypeError: If they are a string.
    """
    if isinstance(scopes, str):
        raise TypeError(f"scopes must be a sequence of strings: write [{scopes!r}]")
    return None if scopes is None else frozenset(scopes)
