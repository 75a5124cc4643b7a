"""OAuth 2.1 with PKCE: tokens of a user for an application."""

from __future__ import annotations

from typing import Literal, TypedDict, get_args

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.http.request import build_request
from sessionboard_async.models.oauth import (
    AuthorizationAnswer,
    AuthorizationRequest,
    AuthorizationServer,
    OAuthTokens,
)
from sessionboard_async.services._common.filters import one_of
from sessionboard_async.services._common.payloads import payload, validate
from sessionboard_async.services._common.proof_keys import validate_challenge, validate_verifier
from sessionboard_async.services._common.service import Service

TokenTypeHint = Literal["access_token", "refresh_token"]
"""The two kinds of tokens."""


class _Authorization(TypedDict):
    client_id: str
    redirect_uri: str
    code_challenge: str
    scope: str | None
    state: str | None


class _CodeGrant(TypedDict):
    grant_type: str
    code: str
    redirect_uri: str
    client_id: str
    code_verifier: str


class _RefreshGrant(TypedDict):
    grant_type: str
    refresh_token: str
    client_id: str


class _TokenHint(TypedDict, total=False):
    token_type_hint: str


class _Revocation(_TokenHint):
    token: str


class OAuth(Service):
    """Tokens of a user for an application. The client's own token is never sent.

    ``AsyncSession(token_type="none", region=...)`` makes a client for these operations alone.
    """

    _AUTHORIZE: Endpoint[AuthorizationAnswer] = Endpoint(
        "oauth-authorize", "GET", "/oauth/authorize", AuthorizationAnswer, authenticated=False
    )
    # Codes and refresh tokens work once: using one twice may revoke the tokens it brought.
    _EXCHANGE_CODE: Endpoint[OAuthTokens] = Endpoint(
        "oauth-token", "POST", "/oauth/token", OAuthTokens, authenticated=False
    )
    # Revoking a revoked token succeeds (RFC 7009).
    _REVOKE: Endpoint[None] = Endpoint(
        "oauth-revoke", "POST", "/oauth/revoke", None, idempotent=True, authenticated=False, may_be_empty=True
    )
    _METADATA: Endpoint[AuthorizationServer] = Endpoint(
        "oauth-metadata",
        "GET",
        "/oauth/.well-known/oauth-authorization-server",
        AuthorizationServer,
        authenticated=False,
    )

    async def authorize(
        self,
        *,
        client_id: str,
        redirect_uri: str,
        code_challenge: str,
        scope: str | None = None,
        state: str | None = None,
    ) -> AuthorizationRequest:
        """Validate a request for access, before the user is asked to consent to it.

        Consent itself happens in the browser. No token is needed; not rate limited.

        Args:
            client_id: The id of the application, as registered with the API.
            redirect_uri: The address that the browser returns to, exactly as registered.
            code_challenge: The challenge of a new verifier, from ``code_challenge()`` (method S256).
            scope: The requested scopes, separated by spaces; by default all that the application registered.
            state: A random value that is returned with the code.

        Returns:
            The request, as it is shown to the user.

        Raises:
            BadRequestError: If the API refuses the request.
            ValueError: If the challenge has another form, or the id is empty.
            TypeError: If a value is not a string.
        """
        values = {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "code_challenge": code_challenge,
            "scope": scope,
            "state": state,
        }
        query = {
            **validate(_Authorization, values),
            "response_type": "code",
            "code_challenge_method": "S256",
        }
        validate_challenge(code_challenge)
        request = build_request(self._AUTHORIZE, {}, query=query, secrets=(state,) if state else ())
        answer = await self._engine.send(request, self._engine.decoder(self._AUTHORIZE))
        return answer.authorization_request or AuthorizationRequest()

    async def exchange_code(
        self, *, code: str, redirect_uri: str, client_id: str, code_verifier: str
    ) -> OAuthTokens:
        """Exchange an authorization code for tokens.

        No token is needed; not rate limited; not retried when the outcome is unknown, since a code works
        once: if the answer is lost, the user must consent again.

        Args:
            code: The code that the browser returned with.
            redirect_uri: As passed to ``authorize``.
            client_id: As passed to ``authorize``.
            code_verifier: The verifier of the challenge passed to ``authorize``.

        Returns:
            The tokens.

        Raises:
            BadRequestError: If a value does not match, or the code was used before.
            ValueError: If the verifier has another form, or the id is empty.
            TypeError: If a value is not a string.
        """
        values = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": client_id,
            "code_verifier": validate_verifier(code_verifier),
        }
        body = payload(_CodeGrant, values)
        request = build_request(self._EXCHANGE_CODE, {}, body=body, secrets=(code, code_verifier))
        return await self._engine.send(request, self._engine.decoder(self._EXCHANGE_CODE))

    async def refresh(self, *, refresh_token: str, client_id: str) -> OAuthTokens:
        """Get new tokens for a refresh token, which works once.

        No token is needed; not rate limited; not retried when the outcome is unknown. Never run two refreshes
        with the same token, and store the new refresh token before using the tokens.

        Args:
            refresh_token: The newest refresh token.
            client_id: The id of the application.

        Returns:
            The new tokens, including a new refresh token.

        Raises:
            BadRequestError: If the refresh token is no longer valid; the user must consent again.
            ValueError: If the id is empty.
            TypeError: If a value is not a string.
        """
        values = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}
        body = payload(_RefreshGrant, values)
        request = build_request(self._EXCHANGE_CODE, {}, body=body, secrets=(refresh_token,))
        return await self._engine.send(request, self._engine.decoder(self._EXCHANGE_CODE))

    async def revoke(self, *, token: str, token_type_hint: TokenTypeHint | None = None) -> None:
        """Revoke a token.

        No other token is needed; not rate limited; retried like a read: revoking a revoked token succeeds
        (RFC 7009).

        Args:
            token: The token to revoke.
            token_type_hint: The kind of the token, so that the API finds it faster.

        Raises:
            ValueError: If the hint is not one of the two.
            TypeError: If the token is not a string.
        """
        values = {"token": token}
        if token_type_hint is not None:
            values["token_type_hint"] = one_of("token_type_hint", token_type_hint, get_args(TokenTypeHint))
        request = build_request(self._REVOKE, {}, body=payload(_Revocation, values), secrets=(token,))
        await self._engine.send(request, self._engine.decoder(self._REVOKE))

    async def metadata(self) -> AuthorizationServer:
        """Get the metadata of the authorization server (RFC 8414).

        No token is needed; not rate limited.

        Returns:
            The server's metadata.
        """
        return await self._record(self._METADATA, {})
