"""OAuth 2.1 with PKCE: authorization codes, access tokens, and refresh tokens that rotate with every use."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.seeded import DAY, HOUR, MINUTE, uuid_for
from sessionboard_async.testing._data.tokens import Grant

CODE_LIFETIME = 10 * MINUTE
ACCESS_LIFETIME = HOUR
REFRESH_LIFETIME = 7 * DAY

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Client:
    """A registered application."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]


CLIENT = Client(
    id="embedded-client",
    name="Programme board",
    redirect_uris=("https://app.example.com/callback", "http://127.0.0.1:8765/callback"),
    scopes=(
        "read:events",
        "read:sessions",
        "read:contacts",
        "read:reports",
        "read:dashboards",
        "read:insights",
        "write:sessions",
        "write:contacts",
    ),
)
"""The only registered client. It is public: it has no secret."""


class AuthorizationError(ValueError):
    """An authorization that is refused.

    Attributes:
        code: The error code of OAuth, such as ``invalid_grant``.
        message: The message of the answer.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(eq=False)
class _Family:
    """All tokens of one approval; they are revoked together."""

    scopes: tuple[str, ...]
    ended: bool = False


@dataclass(eq=False)
class _Token:
    """A code, an access token or a refresh token; ``used`` marks codes and refresh tokens after their use."""

    family: _Family
    expires: int
    used: bool = False


@dataclass(eq=False)
class _Code(_Token):
    redirect_uri: str = ""
    challenge: str = field(default="", repr=False)


_Spent = TypeVar("_Spent", bound=_Token)


class Authorization:
    """The authorizations of an organization.

    Args:
        organization: The organization, whose clock decides what has expired.
    """

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}
        self._made = 0

    def check(self, query: Mapping[str, str]) -> Record:
        """Check an authorization request, and return the data of its consent page.

        Raises:
            AuthorizationError: If a parameter is missing or wrong.
        """
        _need(query, "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method")
        if query["response_type"] != "code":
            raise AuthorizationError("unsupported_response_type", "response_type must be code")
        if query["code_challenge_method"] != "S256":
            raise AuthorizationError("invalid_request", "code_challenge_method must be S256")
        scopes = _validate(
            query["client_id"], query["redirect_uri"], query["code_challenge"], query.get("scope")
        )
        return {
            "client_id": CLIENT.id,
            "client_name": CLIENT.name,
            "redirect_uri": query["redirect_uri"],
            "scopes": list(scopes),
        }

    def approve(self, client_id: str, redirect_uri: str, code_challenge: str, scope: str | None) -> str:
        """Approve an authorization as a user would, and return the code.

        Raises:
            AuthorizationError: If the client, the address, the challenge or a scope is wrong.
        """
        scopes = _validate(client_id, redirect_uri, code_challenge, scope)
        code = self._secret("code")
        expires = self._organization.clock.read() + CODE_LIFETIME
        self._codes[code] = _Code(
            _Family(scopes), expires, redirect_uri=redirect_uri, challenge=code_challenge
        )
        return code

    def exchange(self, values: Mapping[str, str]) -> Record:
        """Exchange a code for tokens. The code is used up, even if the exchange fails.

        Raises:
            AuthorizationError: If a value is missing or wrong. The second use of a code also revokes the
                tokens of the first, because another party has the code.
        """
        _need(values, "code", "redirect_uri", "client_id", "code_verifier")
        code = self._spend(self._codes, values["code"], values["client_id"], "the code")
        if values["redirect_uri"] != code.redirect_uri:
            raise AuthorizationError(
                "invalid_grant", "redirect_uri differs from the one of the authorization"
            )
        verifier = values["code_verifier"]
        if not _VERIFIER.fullmatch(verifier) or challenge_of(verifier) != code.challenge:
            raise AuthorizationError("invalid_grant", "code_verifier does not match the code_challenge")
        return self._tokens(code.family)

    def refresh(self, values: Mapping[str, str]) -> Record:
        """Exchange a refresh token for new tokens; it is used up.

        Raises:
            AuthorizationError: If a value is missing or wrong. The second use of a refresh token also revokes
                all tokens of the same approval.
        """
        _need(values, "refresh_token", "client_id")
        spent = self._spend(self._refresh, values["refresh_token"], values["client_id"], "the refresh token")
        return self._tokens(spent.family)

    def revoke(self, token: str) -> None:
        """Revoke an access token, or with a refresh token all of its family; unknown tokens are ignored."""
        self._access.pop(token, None)
        if token in self._refresh:
            self._refresh[token].family.ended = True

    def grant_of(self, token: str) -> Grant | None:
        """Return the permissions of an access token; ``None`` if it is unknown, expired or revoked."""
        known = self._access.get(token)
        if known is None or known.family.ended or self._organization.clock.read() >= known.expires:
            return None
        return Grant(frozenset(known.family.scopes))

    def _spend(self, tokens: Mapping[str, _Spent], given: str, client_id: str, name: str) -> _Spent:
        token = tokens.get(given)
        if client_id != CLIENT.id:
            raise AuthorizationError("invalid_client", "there is no such client")
        if token is None or token.family.ended:
            raise AuthorizationError("invalid_grant", f"{name} is not valid")
        if token.used:
            token.family.ended = True
            raise AuthorizationError("invalid_grant", f"{name} was used before")
        if self._organization.clock.read() >= token.expires:
            raise AuthorizationError("invalid_grant", f"{name} has expired")
        token.used = True
        return token

    def _tokens(self, family: _Family) -> Record:
        now = self._organization.clock.read()
        access, refresh = self._secret("access"), self._secret("refresh")
        self._access[access] = _Token(family, now + ACCESS_LIFETIME)
        self._refresh[refresh] = _Token(family, now + REFRESH_LIFETIME)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": ACCESS_LIFETIME // 1000,
            "refresh_token": refresh,
            "scope": " ".join(family.scopes),
        }

    def _secret(self, kind: str) -> str:
        self._made += 1
        return f"embedded-fake-{kind}-{uuid_for(self._organization.id, 'oauth', self._made)}"


def challenge_of(verifier: str) -> str:
    """Return the PKCE challenge of a verifier, with the method S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _need(values: Mapping[str, str], *names: str) -> None:
    for name in names:
        if not values.get(name):
            raise AuthorizationError("invalid_request", f"{name} is required")


def _validate(client_id: str, redirect_uri: str, challenge: str, scope: str | None) -> tuple[str, ...]:
    """Validate an authorization and return its scopes: by default all scopes of the client."""
    if client_id != CLIENT.id:
        raise AuthorizationError("invalid_client", "there is no such client")
    if redirect_uri not in CLIENT.redirect_uris:
        raise AuthorizationError("invalid_request", "redirect_uri is not registered for the client")
    if not _CHALLENGE.fullmatch(challenge):
        raise AuthorizationError("invalid_request", "code_challenge must be a SHA-256 hash in base64url")
    scopes = tuple(dict.fromkeys((scope or "").split())) or CLIENT.scopes
    for name in scopes:
        if name not in CLIENT.scopes:
            raise AuthorizationError("invalid_scope", f"the client may not ask for the scope {name}")
    return scopes
