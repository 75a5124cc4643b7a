"""What the OAuth operations answer."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import OpenRecord, Record


class OAuthTokens(Record, frozen=True, kw_only=True):
    """The tokens that a grant brought. ``repr()`` shows neither; pickling keeps both.

    Attributes:
        token_type: ``Bearer``.
        expires_in: How many seconds the access token lives.
        refresh_token: What brings the next tokens, once: keep the new one before using it.
        scope: What was granted, separated by spaces; perhaps less than was asked for.
    """

    _shown: ClassVar[tuple[str, ...]] = ("token_type", "expires_in", "scope")

    access_token: str | None = None
    token_type: str | None = None
    expires_in: int | None = None
    refresh_token: str | None = None
    scope: str | None = None


class AuthorizationRequest(Record, frozen=True, kw_only=True):
    """A request for access that the API found in order, as it is shown to whoever shall consent."""

    _shown: ClassVar[tuple[str, ...]] = ("client_name",)

    client_id: str | None = None
    client_name: str | None = None
    redirect_uri: str | None = None
    scopes: tuple[str, ...] | None = None


_NO_REQUEST = AuthorizationRequest()


class AuthorizationAnswer(Record, frozen=True, kw_only=True):
    """The envelope in which an authorization request comes back."""

    authorization_request: AuthorizationRequest | None = None

    def __post_init__(self) -> None:
        if self.authorization_request == _NO_REQUEST:
            force_setattr(self, "authorization_request", None)


class AuthorizationServer(OpenRecord, frozen=True, kw_only=True):
    """What the authorization server can do (RFC 8414); what that allows beyond these is in ``as_sent``."""

    _shown: ClassVar[tuple[str, ...]] = ("issuer",)

    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    revocation_endpoint: str | None = None
    response_types_supported: tuple[str, ...] | None = None
    grant_types_supported: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
