"""The base URL: https, or http to this machine, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.http.base_url import (
    base_url_of,
    host_of,
    is_loopback,
    validate_base_url,
    validate_upload_url,
)
from sessionboard_async.core.http.connection_safety import validate_proxy
from sessionboard_async.errors import ConfigurationError
from tests.support.http_server import TOKEN

US = "https://public-api.sessionboard.com"
EU = "https://public-api-eu.sessionboard.com"


@pytest.mark.parametrize(
    ("region", "base_url", "environ", "expected"),
    [
        (None, None, {}, US),
        ("us", None, {}, US),
        ("eu", None, {}, EU),
        ("EU", None, {}, EU),
        (" eu\n", None, {}, EU),
        (" ", None, {}, US),
        (None, None, {"SESSIONBOARD_REGION": "Eu\r\n"}, EU),
        (None, None, {"SESSIONBOARD_REGION": " "}, US),
        ("", None, {"SESSIONBOARD_REGION": "eu"}, EU),
        (None, None, {"SESSIONBOARD_REGION": "eu"}, EU),
        (None, None, {"SESSIONBOARD_REGION": ""}, US),
        ("us", None, {"SESSIONBOARD_REGION": "eu"}, US),
        ("eu", "https://api.example/", {}, "https://api.example"),
        (None, "https://a.example", {"SESSIONBOARD_BASE_URL": "https://b.example"}, "https://a.example"),
        ("eu", None, {"SESSIONBOARD_BASE_URL": "http://127.0.0.1:8080/"}, "http://127.0.0.1:8080"),
        ("eu", None, {"SESSIONBOARD_BASE_URL": ""}, EU),
    ],
)
def test_the_nearest_word_wins(
    region: str | None, base_url: str | None, environ: dict[str, str], expected: str
) -> None:
    assert base_url_of(region, base_url, environ) == expected


@pytest.mark.parametrize(("region", "environ"), [("asia", {}), (None, {"SESSIONBOARD_REGION": "asia"})])
def test_refuses_an_unknown_region_and_names_the_known(region: str | None, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="region must be one of us, eu, not 'asia'"):
        base_url_of(region, None, environ)


@pytest.mark.parametrize(
    ("region", "meant"), [("ue", "eu"), ("euu", "eu"), ("su", "us"), (" USA\n", "us"), ("asia", "")]
)
def test_a_misspelt_region_is_answered_with_the_right_one(region: str, meant: str) -> None:
    arguments: list[tuple[str | None, dict[str, str]]] = [
        (region, {}),
        (None, {"SESSIONBOARD_REGION": region}),
    ]
    for argument, environ in arguments:
        with pytest.raises(ConfigurationError) as caught:
            base_url_of(argument, None, environ)
        question = f"; did you mean {meant!r}?" if meant else ""
        assert str(caught.value) == f"region must be one of us, eu, not {region!r}{question}"


def test_a_token_in_the_place_of_the_region_is_not_shown() -> None:
    with pytest.raises(ConfigurationError, match="not a text of 38 characters"):
        base_url_of(TOKEN, None, {})


@pytest.mark.parametrize("region", [5, ["eu"], "e u", "eu,us"], ids=str)
def test_refuses_a_region_of_another_kind(region: Any) -> None:
    with pytest.raises(ConfigurationError, match="region must be one of us, eu, not"):
        base_url_of(region, None, {})


def test_checks_the_address_of_the_environment_too() -> None:
    with pytest.raises(ConfigurationError, match="base_url must begin with https://"):
        base_url_of(None, None, {"SESSIONBOARD_BASE_URL": "http://api.example"})


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://api.example", "https://api.example"),
        ("https://api.example/", "https://api.example"),
        ("https://api.example:8443/prefix/", "https://api.example:8443/prefix"),
        ("https://10.0.0.1", "https://10.0.0.1"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://LOCALHOST", "http://LOCALHOST"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://127.8.9.10:1/", "http://127.8.9.10:1"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_takes_https_and_http_to_this_machine(base_url: str, expected: str) -> None:
    assert validate_base_url(base_url) == expected


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.example",
        "http://localhost.evil.com",
        "http://127.0.0.1.evil.com",
        "http://evil.com/localhost",
        "http://evil.com:80/127.0.0.1",
        "http://localhost%2eevil.com",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://2130706433",
        "http://[::]",
        "http://[2001:db8::1]",
        "http://①27.0.0.1",
        "ftp://api.example",
        "file://localhost/etc",
        "//api.example",
    ],
)
def test_refuses_http_to_other_machines(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url must begin with https://"):
        validate_base_url(base_url)


@pytest.mark.parametrize(
    ("base_url", "problem"),
    [
        ("https://user:password@api.example", "user or password"),
        ("https://user@api.example", "user or password"),
        ("https://@api.example", "user or password"),
        ("http://localhost@evil.com", "user or password"),
        ("http://localhost:80@evil.com", "user or password"),
        ("https://api.example?q=1", "query or fragment"),
        ("https://api.example/?", "query or fragment"),
        ("https://api.example#f", "query or fragment"),
        ("https://api.example/#", "query or fragment"),
        ("http://evil.com#@localhost", "query or fragment"),
        ("http://localhost\\.evil.com", "spaces or backslashes"),
        ("https://api.example/a\\b", "spaces or backslashes"),
        ("https://api.example ", "spaces or backslashes"),
        (" https://api.example", "spaces or backslashes"),
        ("https://api. example", "spaces or backslashes"),
        ("https://api.example\u2028", "spaces or backslashes"),
        ("https://api.exa\tmple", "is not a URL"),
        ("https://api.example\r\nx: y", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("https://api.example:99999", "is not a URL"),
        ("https://api.example:x", "is not a URL"),
        ("https://", "has no host"),
        ("https:///path", "has no host"),
        ("https://:443", "has no host"),
        ("https://api.example:0", "has no host"),
        ("https:api.example", "has no host"),
        ("api.example", "has no host"),
        ("/", "has no host"),
        ("https://..", "no request can be sent to"),
        ("https://.api.example", "no request can be sent to"),
        ("https://api..example", "no request can be sent to"),
        ("https://xn--a", "no request can be sent to"),
        (f"https://{'a' * 64}.example", "no request can be sent to"),
        ("https://%[::1]/", "no request can be sent to"),
        ("https://a[::1]", "no request can be sent to"),
        ("https://[v1.x]", "no request can be sent to"),
    ],
)
def test_refuses_anything_but_an_origin_and_a_path(base_url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=f"base_url .*{problem}"):
        validate_base_url(base_url)


@pytest.mark.parametrize(
    "base_url", ["https://höst.example", "https://host。example", "https://\u212aelvin.example"]
)
def test_refuses_a_host_that_could_not_be_sent_to(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        validate_base_url(base_url)


@pytest.mark.parametrize("base_url", ["https://user:hunter2@api.example", "https://user:hunter2"])
def test_repeats_no_password(base_url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        validate_base_url(base_url)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.__context__)


def test_this_machine_has_these_names() -> None:
    assert all(
        is_loopback(host) for host in ("localhost", "LocalHost", "127.0.0.1", "127.255.255.254", "::1")
    )
    assert not any(
        is_loopback(host) for host in ("", "localhost.", "0.0.0.0", "::", "1.2.3.4", "127.1", "::2")
    )


PIECES = (
    *("api.example", "127.0.0.1", "localhost", "[::1]", "[::1", "]", "user:hunter2@", "@", ":", ":80"),
    *(":99999", ":x", "/", "\\", "?a=b", "#", "%", "%zz", "é", "xn--", "xn--a", "-", "_", ".", ".."),
    *("[v1.x]", "a" * 70, "%00", "//", "0x7f.1", "2130706433", "①", "::ffff:127.0.0.1"),
    *("\ud800", "\x1b", " ", "\u2028", "\ufeff"),
)


@given(st.sampled_from(["https://", "http://", "HTTPS://"]), st.lists(st.sampled_from(PIECES), max_size=5))
def test_what_is_accepted_can_be_connected_to_and_the_rest_is_refused(scheme: str, pieces: list[str]) -> None:
    address = scheme + "".join(pieces)
    with suppress(ConfigurationError):
        host = host_of(validate_base_url(address))
        assert host is not None
        assert host.encode("idna")
    with suppress(ConfigurationError):
        validate_proxy(address)
    refusal: BaseException | None = None
    try:
        validate_upload_url(address)
    except ValueError as error:
        refusal = error
    assert type(refusal) in {ValueError, type(None)}
    assert "hunter2" not in repr(refusal)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_http_never_leaves_this_machine(rest: str) -> None:
    try:
        checked = validate_base_url(f"http://{rest}")
    except ConfigurationError:
        return
    authority = checked.removeprefix("http://").split("/")[0]
    host = authority.split("]")[0].removeprefix("[") if authority.startswith("[") else authority.split(":")[0]
    assert is_loopback(host)
