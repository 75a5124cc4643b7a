"""OAuth on the embedded server: validation of authorizations, and lifetimes of tokens."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.dataset import Organization, Size
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.tokens import Access, Grant
from sessionboard_async.testing._handlers.oauth import OPERATIONS
from sessionboard_async.testing._writes.oauth import CLIENT, Authorization, AuthorizationError, challenge_of
from sessionboard_async.testing._writes.requests import HandlerReply, HandlerRequest

SIZE = Size(events=1, sessions=1, speakers=1, contacts=1, sponsors=0, exhibitors=0)
VERIFIER = "a-code-verifier.of-43-characters~or-more_0123456789"
CALLBACK = CLIENT.redirect_uris[0]
MINUTE = 60.0


class Server:
    """An organization whose clock stands still unless advanced."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.organization = Organization(1, SIZE, Clock(lambda: self.now))
        self.authorization = self.organization.part(Authorization)
        self.access = Access(1, self.authorization.grant_of)

    def approve(self, scope: str | None = None) -> str:
        return self.authorization.approve(CLIENT.id, CALLBACK, challenge_of(VERIFIER), scope)

    def ask(self, operation: str, body: object = None, **query: str) -> Any:
        call = HandlerRequest(
            path={},
            query=MultiDict(query),
            body=b"" if body is None else json.dumps(body).encode(),
            base_url="http://127.0.0.1:1",
        )
        return OPERATIONS[operation](self.organization, call)

    def exchange(self, code: str, /, **changes: object) -> Any:
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": CLIENT.id,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.ask("oauth-token", body)

    def refresh(self, token: str, /, **changes: object) -> Any:
        body = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT.id, **changes}
        return self.ask("oauth-token", body)

    def grant(self, token: str) -> Grant | None:
        try:
            return self.access.grant_of({"Authorization": f"Bearer {token}"})
        except RequestError as refused:
            if refused.status != 401:
                raise
            return None


def name_of(reply: Any) -> str:
    assert isinstance(reply, HandlerReply), "this was not refused"
    assert reply.status == 400
    content: Any = reply.content
    assert content["message"]
    return str(content["error"])


@pytest.fixture
def server() -> Server:
    return Server()


REQUEST = {
    "client_id": CLIENT.id,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


def test_the_challenge_follows_the_standard() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_an_authorization_request_returns_its_consent_page(server: Server) -> None:
    consent = server.ask("oauth-authorize", **REQUEST, scope="read:events read:sessions", state="x")
    assert consent == {
        "authorization_request": {
            "client_id": CLIENT.id,
            "client_name": CLIENT.name,
            "redirect_uri": CALLBACK,
            "scopes": ["read:events", "read:sessions"],
        }
    }
    everything = server.ask("oauth-authorize", **REQUEST)
    assert everything["authorization_request"]["scopes"] == list(CLIENT.scopes)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("client_id", "another", "invalid_client"),
        ("redirect_uri", f"{CALLBACK}/", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", VERIFIER, "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("scope", "read:events write:everything", "invalid_scope"),
        *((name, "", "invalid_request") for name in REQUEST),
    ],
)
def test_a_wrong_request_is_refused(server: Server, name: str, value: str, error: str) -> None:
    assert name_of(server.ask("oauth-authorize", **{**REQUEST, name: value})) == error


def test_a_code_gives_tokens_that_the_server_accepts_with_their_scopes(server: Server) -> None:
    tokens = server.exchange(server.approve("read:sessions read:events"))
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == "read:sessions read:events"
    assert server.grant(tokens["access_token"]) == Grant(frozenset({"read:sessions", "read:events"}))
    assert server.grant(tokens["refresh_token"]) is None
    everything = server.exchange(server.approve())
    assert server.grant(everything["access_token"]) == Grant(frozenset(CLIENT.scopes))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": VERIFIER[:-1] + "x"}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": challenge_of(VERIFIER)}, "invalid_grant"),
        ({"redirect_uri": CLIENT.redirect_uris[1]}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_client"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_code_needs_the_parameters_of_its_authorization(
    server: Server, changes: dict[str, object], error: str
) -> None:
    assert name_of(server.exchange(server.approve(), **changes)) == error


@given(
    st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", min_size=43, max_size=128)
)
def test_only_the_right_verifier_fits(verifier: str) -> None:
    server = Server()
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    code = server.authorization.approve(CLIENT.id, CALLBACK, hashed, None)
    other = server.authorization.approve(CLIENT.id, CALLBACK, hashed, None)
    assert "access_token" in server.exchange(code, code_verifier=verifier)
    changed = ("b" if verifier[0] == "a" else "a") + verifier[1:]
    assert name_of(server.exchange(other, code_verifier=changed)) == "invalid_grant"


def test_a_code_is_good_once_and_a_second_use_ends_its_tokens(server: Server) -> None:
    code = server.approve()
    tokens = server.exchange(code)
    other = server.exchange(server.approve())
    assert name_of(server.exchange(code)) == "invalid_grant"
    assert server.grant(tokens["access_token"]) is None
    assert name_of(server.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert server.grant(other["access_token"]) is not None


def test_a_code_that_was_tried_with_a_wrong_verifier_is_used(server: Server) -> None:
    code = server.approve()
    assert name_of(server.exchange(code, code_verifier="x" * 43)) == "invalid_grant"
    assert name_of(server.exchange(code)) == "invalid_grant"


def test_codes_and_tokens_expire(server: Server) -> None:
    code, late = server.approve(), server.approve()
    server.now += 9.9 * MINUTE
    tokens = server.exchange(code)
    server.now += 0.2 * MINUTE
    assert name_of(server.exchange(late)) == "invalid_grant"
    server.now += 59.7 * MINUTE
    assert server.grant(tokens["access_token"]) is not None
    server.now += 0.2 * MINUTE
    assert server.grant(tokens["access_token"]) is None
    fresh = server.refresh(tokens["refresh_token"])
    assert server.grant(fresh["access_token"]) is not None
    server.now += (7 * 24 * 60 + 0.1) * MINUTE
    assert name_of(server.refresh(fresh["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_changes_with_every_use(server: Server) -> None:
    first = server.exchange(server.approve("read:events"))
    second = server.refresh(first["refresh_token"])
    third = server.refresh(second["refresh_token"])
    assert (
        len({each[kind] for each in (first, second, third) for kind in ("access_token", "refresh_token")})
        == 6
    )
    assert third["scope"] == "read:events"
    assert server.grant(third["access_token"]) == Grant(frozenset({"read:events"}))


def test_an_old_refresh_token_ends_all_tokens_of_the_approval(server: Server) -> None:
    first = server.exchange(server.approve())
    second = server.refresh(first["refresh_token"])
    other = server.exchange(server.approve())
    assert name_of(server.refresh(first["refresh_token"])) == "invalid_grant"
    assert server.grant(first["access_token"]) is None
    assert server.grant(second["access_token"]) is None
    assert name_of(server.refresh(second["refresh_token"])) == "invalid_grant"
    assert server.grant(other["access_token"]) is not None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "another"}, "invalid_client"),
        ({"refresh_token": None}, "invalid_request"),
        ({"refresh_token": "unknown"}, "invalid_grant"),
    ],
)
def test_a_refresh_that_is_refused_leaves_the_token_good(
    server: Server, changes: dict[str, object], error: str
) -> None:
    tokens = server.exchange(server.approve())
    assert name_of(server.refresh(tokens["refresh_token"], **changes)) == error
    assert "access_token" in server.refresh(tokens["refresh_token"])


def test_revoking_ends_an_access_token_or_with_a_refresh_token_everything(server: Server) -> None:
    tokens = server.exchange(server.approve())
    assert (
        server.ask("oauth-revoke", {"token": "unknown", "token_type_hint": "access_token"}) == HandlerReply()
    )
    assert server.ask("oauth-revoke", {"token": tokens["access_token"]}) == HandlerReply()
    assert server.grant(tokens["access_token"]) is None
    fresh = server.refresh(tokens["refresh_token"])
    assert server.ask("oauth-revoke", {"token": fresh["refresh_token"]}) == HandlerReply()
    assert server.grant(fresh["access_token"]) is None
    assert name_of(server.refresh(fresh["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize(
    "body", [{}, {"grant_type": 1}, {"grant_type": "refresh_token", "client_id": []}, []]
)
def test_a_body_of_another_kind_is_refused(server: Server, body: object) -> None:
    with pytest.raises(RequestError) as refused:
        server.ask("oauth-token", body)
    assert refused.value.status == 400


def test_approval_is_checked_too(server: Server) -> None:
    with pytest.raises(AuthorizationError) as refused:
        server.authorization.approve(
            CLIENT.id, "https://elsewhere.example.com/", challenge_of(VERIFIER), None
        )
    assert refused.value.code == "invalid_request"


def test_secrets_are_not_in_representations(server: Server) -> None:
    code = server.approve()
    values = {"code": code, "redirect_uri": CALLBACK, "client_id": CLIENT.id, "code_verifier": "x" * 43}
    with pytest.raises(AuthorizationError) as refused:
        server.authorization.exchange(values)
    returned = f"{server.authorization!r} {refused.value!r} {refused.value}"
    for secret in (code, values["code_verifier"], challenge_of(VERIFIER)):
        assert secret not in returned


def test_the_metadata_names_the_addresses(server: Server) -> None:
    metadata = server.ask("oauth-metadata")
    assert metadata["issuer"] == "http://127.0.0.1:1"
    assert metadata["token_endpoint"] == "http://127.0.0.1:1/oauth/token"  # an address
    assert metadata["authorization_endpoint"] == "http://127.0.0.1:1/oauth/authorize"
    assert metadata["revocation_endpoint"] == "http://127.0.0.1:1/oauth/revoke"
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert set(metadata["scopes_supported"]) == set(CLIENT.scopes)
