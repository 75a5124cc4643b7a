"""Answers of the OAuth operations."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import OpenRecord, Record


class OAuthTokens(Record, frozen=True, kw_only=True):
    """The tokens of a grant. ``repr()`` shows neither of them; pickling keeps both.

    Attributes:
        token_type: ``Bearer``.
        expires_in: The lifetime of the access token, in seconds.
        refresh_token: The token for the next ``oauth.refresh``; works once. Store a new one before using it.
        scope: The granted scopes, separated by spaces; possibly fewer than requested.
    """

    _shown: ClassVar[tuple[str, ...]] = ("token_type", "expires_in", "scope")

    access_token: str | None = None
    token_type: str | None = None
    expires_in: int | None = None
    refresh_token: str | None = None
    scope: str | None = None


class AuthorizationRequest(Record, frozen=True, kw_only=True):
    """A valid request for access, as it is shown to the user."""

    _shown: ClassVar[tuple[str, ...]] = ("client_name",)

    client_id: str | None = None
    client_name: str | None = None
    redirect_uri: str | None = None
    scopes: tuple[str, ...] | None = None


_NO_REQUEST = AuthorizationRequest()


class AuthorizationAnswer(Record, frozen=True, kw_only=True):
    """The envelope of an authorization request."""

    authorization_request: AuthorizationRequest | None = None

    def __post_init__(self) -> None:
        if self.authorization_request == _NO_REQUEST:
            force_setattr(self, "authorization_request", None)


class AuthorizationServer(OpenRecord, frozen=True, kw_only=True):
    """The metadata of the authorization server (RFC 8414); further values are in ``as_sent``."""

    _shown: ClassVar[tuple[str, ...]] = ("issuer",)

    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    revocation_endpoint: str | None = None
    response_types_supported: tuple[str, ...] | None = None
    grant_types_supported: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
