"""OAuth over a real connection: authorize, exchange, refresh and revoke."""

from __future__ import annotations

import json
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ServerError,
    code_challenge,
)
from sessionboard_async.models import AuthorizationRequest
from sessionboard_async.testing import EmbeddedServer
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
CLIENT = {"client_id": "embedded-client", "redirect_uri": "https://app.example.com/callback"}
CODE = {**CLIENT, "code": "code-secret-1", "code_verifier": VERIFIER}
REFRESH = {"refresh_token": "refresh-secret-1", "client_id": "embedded-client"}
REVOKED_TOKEN = "token-secret-1"
STATE = "state-secret-1"


def session(server: HttpServer) -> AsyncSession:
    return AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT)


async def answering(serve: Serve, body: object, status: int = 200) -> HttpServer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status) if body is None else web.json_response(body, status=status)

    return await serve(answer)


async def test_a_client_for_oauth_alone_needs_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONBOARD_TOKEN", TOKEN)
    async with (
        EmbeddedServer(sessions=1) as server,
        AsyncSession(token_type="none", base_url=server.base_url) as sb,
    ):
        assert (await sb.oauth.metadata()).issuer
        sent = len(server.requests)
        with pytest.raises(ConfigurationError, match=r"sb\.oauth only"):
            await sb.events.list().first()
        assert len(server.requests) == sent
    with pytest.raises(ConfigurationError, match="pass no token"):
        AsyncSession(TOKEN, token_type="none")


async def test_the_whole_way_with_the_embedded_server() -> None:
    verifier = secrets.token_urlsafe(64)
    async with EmbeddedServer(sessions=1) as server, AsyncSession(TOKEN, base_url=server.base_url) as sb:
        request = await sb.oauth.authorize(
            **CLIENT, code_challenge=code_challenge(verifier), scope="read:events", state="s"
        )
        assert (request.client_id, request.scopes) == ("embedded-client", ("read:events",))
        code = server.approve(
            CLIENT["client_id"], CLIENT["redirect_uri"], code_challenge(verifier), scope="read:events"
        )
        tokens = await sb.oauth.exchange_code(**CLIENT, code=code, code_verifier=verifier)
        assert (tokens.token_type, tokens.scope) == ("Bearer", "read:events")
        assert tokens.refresh_token is not None
        with pytest.raises(BadRequestError):
            await sb.oauth.exchange_code(**CLIENT, code=code, code_verifier=verifier)


async def test_a_wrong_approval_is_a_value_error() -> None:
    async with EmbeddedServer(sessions=1) as server:
        with pytest.raises(ValueError, match="no such client"):
            server.approve("another", CLIENT["redirect_uri"], code_challenge(secrets.token_urlsafe(64)))


async def test_tokens_are_renewed_and_given_back_with_the_embedded_server() -> None:
    verifier = secrets.token_urlsafe(64)
    async with EmbeddedServer(sessions=1) as server, AsyncSession(TOKEN, base_url=server.base_url) as sb:
        code = server.approve(CLIENT["client_id"], CLIENT["redirect_uri"], code_challenge(verifier))
        first = await sb.oauth.exchange_code(**CLIENT, code=code, code_verifier=verifier)
        assert first.refresh_token is not None
        second = await sb.oauth.refresh(refresh_token=first.refresh_token, client_id=CLIENT["client_id"])
        assert second.refresh_token not in {None, first.refresh_token}
        assert second.access_token is not None
        await sb.oauth.revoke(token=second.access_token, token_type_hint="access_token")
        await sb.oauth.revoke(token="was never one")
        metadata = await sb.oauth.metadata()
    assert metadata.token_endpoint == f"{server.base_url}/oauth/token"
    assert metadata.code_challenge_methods_supported == ("S256",)
    assert metadata.as_sent["token_endpoint_auth_methods_supported"] == ["none"]


async def test_an_authorization_asks_for_a_code_with_s256(serve: Serve) -> None:
    answer = {"authorization_request": {"client_id": "c", "client_name": "Board", "scopes": ["read:events"]}}
    server = await answering(serve, answer)
    async with session(server) as sb:
        request = await sb.oauth.authorize(
            client_id="c", redirect_uri="https://app/?a=1&b=2", code_challenge=CHALLENGE, state="x y"
        )
    assert request == AuthorizationRequest(client_id="c", client_name="Board", scopes=("read:events",))
    assert parse_qs(urlsplit(server.requests[0].partition(" ")[2]).query) == {
        "client_id": ["c"],
        "redirect_uri": ["https://app/?a=1&b=2"],
        "response_type": ["code"],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
        "state": ["x y"],
    }


async def test_both_grants_are_sent_as_the_api_takes_them(serve: Serve) -> None:
    server = await answering(serve, {"access_token": "a", "refresh_token": "r", "expires_in": "3600"})
    async with session(server) as sb:
        tokens = await sb.oauth.exchange_code(**CODE)
        await sb.oauth.refresh(**REFRESH)
    assert (tokens.access_token, tokens.refresh_token, tokens.expires_in) == ("a", "r", 3600)
    assert server.requests == ["POST /oauth/token"] * 2
    assert [json.loads(body) for body in server.bodies] == [
        {"grant_type": "authorization_code", **CODE},
        {"grant_type": "refresh_token", **REFRESH},
    ]


async def test_revoking_answers_nothing(serve: Serve) -> None:
    server = await answering(serve, None)
    async with session(server) as sb:
        await sb.oauth.revoke(token="t")
        await sb.oauth.revoke(token="t", token_type_hint="refresh_token")
    assert [json.loads(body) for body in server.bodies] == [
        {"token": "t"},
        {"token": "t", "token_type_hint": "refresh_token"},
    ]


async def test_the_token_of_the_session_goes_nowhere(serve: Serve) -> None:
    server = await answering(serve, {"issuer": "i"})
    async with session(server) as sb:
        await sb.oauth.metadata()
        await sb.oauth.revoke(token="t")
    assert len(server.headers) == 2
    for headers in server.headers:
        assert not headers.keys() & {"x-access-token", "authorization"}
        assert TOKEN not in str(headers)


async def test_single_use_secrets_are_sent_once_and_what_may_be_sent_again_is(serve: Serve) -> None:
    server = await answering(serve, {}, 500)
    async with session(server) as sb:
        with pytest.raises(ServerError):
            await sb.oauth.exchange_code(**CODE)
        with pytest.raises(ServerError):
            await sb.oauth.refresh(**REFRESH)
        assert len(server.requests) == 2
        with pytest.raises(ServerError):
            await sb.oauth.revoke(token="t")
    assert len(server.requests) > 3


async def test_no_error_and_no_log_repeats_what_was_sent(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "sessionboard_async")

    async def echo(request: web.Request) -> web.Response:
        body = await request.text() + str(dict(request.query))
        error = {"error": "invalid_grant", "message": body}
        return web.json_response(error, status=400, headers={"X-Request-Id": body})

    server = await serve(echo)
    async with session(server) as sb:
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: sb.oauth.exchange_code(**CODE),
            lambda: sb.oauth.refresh(**REFRESH),
            lambda: sb.oauth.revoke(token=REVOKED_TOKEN),
            lambda: sb.oauth.authorize(**CLIENT, code_challenge=CHALLENGE, state=STATE),
        ]
        for call in calls:
            with pytest.raises(BadRequestError) as failure:
                await call()
            shown = "".join(traceback.format_exception(failure.value)) + repr(vars(failure.value))
            shown += repr(failure.value.response)
            assert "invalid_grant" in shown
            assert "***" in shown
            assert "-secret-" not in shown
            assert VERIFIER not in shown
    logged = "".join(record.getMessage() for record in caplog.records)
    assert "***" in logged
    assert "-secret-" not in logged
    assert VERIFIER not in logged


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code_verifier": "short"}, "code_verifier must be 43 to 128"),
        ({"code": None}, "code must be str"),
        ({"client_id": 7}, "client_id must be str, not int"),
    ],
)
async def test_a_bad_value_is_refused_before_any_request(change: dict[str, Any], said: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises((ValueError, TypeError), match=said):
            await sb.oauth.exchange_code(**(CODE | change))


async def test_bad_challenges_and_hints_are_refused_before_any_request() -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises(ValueError, match="code_challenge must be 43 characters"):
            await sb.oauth.authorize(**CLIENT, code_challenge=f"{CHALLENGE}=")
        with pytest.raises(ValueError, match="token_type_hint must be one of"):
            await sb.oauth.revoke(token="t", token_type_hint="id_token")  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(TypeError, match="token must be str"):
            await sb.oauth.revoke(token=None)  # type: ignore[arg-type]  # wrong on purpose


async def test_a_wrong_session_token_does_not_matter_here_alone() -> None:
    async with EmbeddedServer(sessions=1) as server, AsyncSession("wrong", base_url=server.base_url) as sb:
        assert (await sb.oauth.metadata()).issuer == server.base_url
        with pytest.raises(AuthenticationError):
            await sb.events.list().collect()


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "code_challenge", "scope"])
async def test_a_request_for_access_that_lacks_a_value_is_not_sent(name: str) -> None:
    values: dict[str, Any] = {**CLIENT, "code_challenge": CHALLENGE, name: 5 if name == "scope" else None}
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises(TypeError, match=f"{name} must be str, not"):
            await sb.oauth.authorize(**values)
