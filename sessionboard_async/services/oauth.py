"""OAuth 2.1 with PKCE: how an application gets tokens of a user's own."""

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
    """How an application gets, renews and gives back tokens. The session's own token goes nowhere here."""

    AUTHORIZE: Endpoint[AuthorizationAnswer] = Endpoint(
        "oauth-authorize", "GET", "/oauth/authorize", AuthorizationAnswer, authenticated=False
    )
    # Codes and refresh tokens work once: sent again they are refused, and what they brought may be revoked.
    EXCHANGE_CODE: Endpoint[OAuthTokens] = Endpoint(
        "oauth-token", "POST", "/oauth/token", OAuthTokens, authenticated=False
    )
    # A token that is gone already is a success (RFC 7009), so revoking twice does what revoking once does.
    REVOKE: Endpoint[None] = Endpoint(
        "oauth-revoke", "POST", "/oauth/revoke", None, idempotent=True, authenticated=False, may_be_empty=True
    )
    METADATA: Endpoint[AuthorizationServer] = Endpoint(
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
        """Have a request for access checked, before the user is sent to consent to it.

        Consent itself happens in the browser. No token is needed; not rate limited.

        Args:
            client_id: The application, as registered with the API.
            redirect_uri: Where the browser returns to, exactly as registered.
            code_challenge: The challenge of a new verifier, from ``code_challenge()``; always of method S256.
            scope: What is asked for, separated by spaces; without it, all that the application registered.
            state: A random value that comes back with the code.

        Returns:
            The request as it is shown to whoever shall consent.

        Raises:
            BadRequestError: If the API finds the request not in order.
            ValueError: If the challenge is none.
            TypeError: If a value is no string.
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
        request = build_request(self.AUTHORIZE, {}, query=query, secrets=(state,) if state else ())
        answer = self._engine.decode(self.AUTHORIZE, await self._engine.send(request))
        return answer.authorization_request or AuthorizationRequest()

    async def exchange_code(
        self, *, code: str, redirect_uri: str, client_id: str, code_verifier: str
    ) -> OAuthTokens:
        """Exchange a code for tokens.

        No token is needed; not rate limited; not sent again once it may have arrived, since a code works
        once: if the answer got lost, let the user consent anew.

        Args:
            code: The code that came back from the consent.
            redirect_uri: As ``authorize`` was given it.
            client_id: As ``authorize`` was given it.
            code_verifier: The verifier whose challenge ``authorize`` was given.

        Returns:
            The tokens.

        Raises:
            BadRequestError: If the code or anything else does not fit, or was used already.
            ValueError: If the verifier is none.
            TypeError: If a value is no string.
        """
        values = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": client_id,
            "code_verifier": validate_verifier(code_verifier),
        }
        body = payload(_CodeGrant, values)
        request = build_request(self.EXCHANGE_CODE, {}, body=body, secrets=(code, code_verifier))
        return self._engine.decode(self.EXCHANGE_CODE, await self._engine.send(request))

    async def refresh(self, *, refresh_token: str, client_id: str) -> OAuthTokens:
        """Get new tokens for a refresh token, which works once.

        No token is needed; not rate limited; not sent again once it may have arrived. Never run two of these
        with the same refresh token, and keep the new one before using the tokens.

        Args:
            refresh_token: The refresh token that came last.
            client_id: The application.

        Returns:
            The new tokens, a new refresh token among them.

        Raises:
            BadRequestError: If the refresh token is no longer good: let the user consent anew.
            TypeError: If a value is no string.
        """
        values = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}
        body = payload(_RefreshGrant, values)
        request = build_request(self.EXCHANGE_CODE, {}, body=body, secrets=(refresh_token,))
        return self._engine.decode(self.EXCHANGE_CODE, await self._engine.send(request))

    async def revoke(self, *, token: str, token_type_hint: TokenTypeHint | None = None) -> None:
        """Give a token back, so that nobody can use it any more.

        No other token is needed; not rate limited; may be sent again: a token that is gone already is a
        success too (RFC 7009).

        Args:
            token: The token to revoke.
            token_type_hint: Which of the two it is, so that the API finds it faster.

        Raises:
            ValueError: If the hint is neither of the two.
            TypeError: If the token is no string.
        """
        values = {"token": token}
        if token_type_hint is not None:
            values["token_type_hint"] = one_of("token_type_hint", token_type_hint, get_args(TokenTypeHint))
        request = build_request(self.REVOKE, {}, body=payload(_Revocation, values), secrets=(token,))
        self._engine.decode(self.REVOKE, await self._engine.send(request))

    async def metadata(self) -> AuthorizationServer:
        """Get what the authorization server can do, and where (RFC 8414).

        No token is needed; not rate limited.

        Returns:
            The server's metadata.
        """
        return await self._record(self.METADATA, {})
