"""The tokens that the embedded server knows, and what each may do."""

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
    """What a token may do.

    Attributes:
        scopes: Its scopes; ``None`` for all. None at all allow every read and no write, as with the API's
            oldest tokens.
        events: The events that it may see; ``None`` for all.
        hides_personal_data: Whether answers mask e-mail addresses, phone numbers and the like.
    """

    scopes: frozenset[str] | None = None
    events: frozenset[int] | None = None
    hides_personal_data: bool = False

    def allows(self, endpoint: Endpoint[object]) -> bool:
        """Tell whether the scopes suffice for an operation."""
        if endpoint.scope is None or self.scopes is None or endpoint.scope in self.scopes:
            return True
        return not self.scopes and endpoint.scope.startswith("read:")

    def sees(self, event_id: object) -> bool:
        """Tell whether the token may see an event."""
        return self.events is None or event_id in self.events


class Access:
    """The tokens of a server.

    Args:
        seed: Decides the tokens that are made.
        granted: Tells what a token may do that was made elsewhere; ``None`` for one that is not known there.
    """

    def __init__(self, seed: int, granted: Callable[[str], Grant | None] = lambda _: None) -> None:
        self._seed = seed
        self._granted = granted
        self._grants: dict[str, Grant] = {}
        self._made = 0

    def issue(self, grant: Grant) -> str:
        """Make a token."""
        self._made += 1
        key = f"token/{self._seed}" if self._made == 1 else f"token/{self._seed}/{self._made}"
        text = base64.b64encode(blake2b(key.encode(), digest_size=18).digest()).decode()
        token = f"embedded-fake+{text[:12]}/{text[12:]}=="
        self._grants[token] = grant
        return token

    def revoke(self, token: str) -> None:
        """Forget a token; nothing happens where it is not known."""
        self._grants.pop(token, None)

    def grant_of(self, headers: Mapping[str, str]) -> Grant:
        """Return what the token of a request may do.

        Raises:
            RequestError: With 401 where there is no token, or none that is known.
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
    """Check the scopes that a caller names.

    Raises:
        TypeError: If they are one string.
    """
    if isinstance(scopes, str):
        raise TypeError(f"scopes must be a sequence of strings: write [{scopes!r}]")
    return None if scopes is None else frozenset(scopes)
