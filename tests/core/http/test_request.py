"""Requests are built correctly, or refused before anything is sent."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, page_of
from sessionboard_async.core.http.base_url import refuse_control_characters
from sessionboard_async.core.http.request import (
    Request,
    Scalar,
    build_request,
    custom_request,
    encode_query,
    quote_path_argument,
)

CONTROL = [chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)]]
ARGUMENT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)


class Talk(msgspec.Struct):
    title: str | None = None


class Status(str, enum.Enum):  # noqa: UP042  # as many callers write it, and unlike StrEnum in `str()`
    """An enumeration of the caller."""

    ACCEPTED = "accepted"


class Event(int, enum.Enum):
    SUMMIT = 4630


@pytest.fixture
def search() -> Iterator[Endpoint[object]]:
    path = "/v1/event/{event_id}/sessions/{session_id}"
    yield Endpoint("test-search", "POST", path, page_of(Talk), idempotent=True, limit="entity-reads")
    del ENDPOINTS["test-search"]


# Operations


def test_builds_the_request_of_an_operation(search: Endpoint[object]) -> None:
    assert build_request(
        search, {"event_id": 4630, "session_id": "a/b ü"}, query={"page": 2}, body={"sort": {}}
    ) == Request(
        method="POST",
        route="/v1/event/{event_id}/sessions/{session_id}",
        target="/v1/event/4630/sessions/a%2Fb%20%C3%BC?page=2",
        body=b'{"sort":{}}',
        content_type="application/json",
        operation="test-search",
        idempotent=True,
        limit="entity-reads",
    )


def test_sends_no_body_where_there_is_none(search: Endpoint[object]) -> None:
    request = build_request(search, {"event_id": 1, "session_id": "a"})
    assert (request.body, request.content_type) == (None, None)
    assert build_request(search, {"event_id": 1, "session_id": "a"}, body={}).body == b"{}"


def test_shows_neither_ids_nor_query_nor_body(search: Endpoint[object]) -> None:
    request = build_request(
        search, {"event_id": 1, "session_id": "SECRET"}, query={"q": "SECRET"}, body={"b": "SECRET"}
    )
    assert "SECRET" not in repr(request)
    assert "{session_id}" in repr(request)


@pytest.mark.parametrize("argument", ["", ".", "..", "a\nb"])
def test_refuses_a_bad_argument_before_any_request(search: Endpoint[object], argument: str) -> None:
    with pytest.raises(ValueError, match="session_id must not"):
        build_request(search, {"event_id": 1, "session_id": argument})


# Path arguments


@given(ARGUMENT)
def test_any_text_stays_one_segment_and_can_be_unquoted(text: str) -> None:
    assume(text not in {".", ".."})
    quoted = quote_path_argument("id", text)
    assert unquote(quoted, errors="strict") == text
    assert quoted.isascii()
    assert not set(quoted) & set("/?#\\ \"'<>")
    assert urlsplit(f"https://host/v1/{quoted}/end").path == f"/v1/{quoted}/end"


@given(st.integers())
def test_integers_are_written_as_they_are(number: int) -> None:
    assert quote_path_argument("id", number) == str(number)


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_refuses_segments_that_name_another_path(text: str) -> None:
    with pytest.raises(ValueError, match="id must not be empty"):
        quote_path_argument("id", text)


@pytest.mark.parametrize("text", ["...", " ", "%2e%2e", "../x", ".%00", "a..b", "%"])
def test_keeps_segments_that_only_look_special(text: str) -> None:
    assert unquote(quote_path_argument("id", text)) == text


@pytest.mark.parametrize("character", CONTROL)
def test_refuses_control_characters_without_repeating_the_text(character: str) -> None:
    for text in (f"secret{character}", f"{character}secret", character):
        with pytest.raises(ValueError, match=r"^id must not have control characters$"):
            quote_path_argument("id", text)


@pytest.mark.parametrize("value", [True, False, None, 1.0, b"a", ["a"]])
def test_refuses_arguments_of_other_types(value: object) -> None:
    with pytest.raises(TypeError, match=f"id must be a string or an integer, not {type(value).__name__}"):
        quote_path_argument("id", value)  # type: ignore[arg-type]  # invalid on purpose


def test_an_enumeration_stands_for_its_value_in_a_path() -> None:
    assert quote_path_argument("status", Status.ACCEPTED) == "accepted"
    assert quote_path_argument("event_id", Event.SUMMIT) == "4630"


def test_an_unpaired_surrogate_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="session_id"):
        quote_path_argument("session_id", "title cut in \ud83d")


@given(st.text())
def test_control_characters_are_refused_and_nothing_else(text: str) -> None:
    if set(text) & set(CONTROL):
        with pytest.raises(ValueError, match="user_agent must not have control characters"):
            refuse_control_characters("user_agent", text)
    else:
        refuse_control_characters("user_agent", text)


# Queries

SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def _written(value: Scalar) -> str:
    return {"True": "true", "False": "false"}[str(value)] if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("query", [None, {}, {"page": None}, {"expand": []}, {"a": None, "b": ()}])
def test_no_parameters_leave_no_question_mark(query: dict[str, list[str] | None] | None) -> None:
    assert encode_query(query) == ""


def test_writes_parameters_in_order() -> None:
    query = encode_query(
        {
            "page": 1,
            "size": None,
            "expand": ["a b", "c&d"],
            "is_abstract": False,
            "x": True,
            "f": 0.5,
            "e": "",
        }
    )
    assert query == "?page=1&expand=a%20b&expand=c%26d&is_abstract=false&x=true&f=0.5&e="


@given(st.dictionaries(NAMES, st.one_of(SCALARS, st.lists(SCALARS), st.none())))
def test_every_parameter_can_be_decoded(query: dict[str, Scalar | list[Scalar] | None]) -> None:
    encoded = encode_query(query)
    expected = [
        (name, _written(one))
        for name, value in query.items()
        if value is not None
        for one in (value if isinstance(value, list) else [value])
    ]
    assert (
        parse_qsl(encoded.removeprefix("?"), keep_blank_values=True, strict_parsing=bool(expected))
        == expected
    )
    assert encoded.isascii()
    assert not set(encoded) & set("#/ \n\\+")


def test_several_values_may_be_any_iterable() -> None:
    assert encode_query({"id": (number for number in (1, 2))}) == "?id=1&id=2"


def test_an_enumeration_stands_for_its_value_in_a_query() -> None:
    assert encode_query({"status": Status.ACCEPTED, "event": [Event.SUMMIT]}) == "?status=accepted&event=4630"


@pytest.mark.parametrize("value", [b"bytes", [None], [b"a"], [["a"]], {"a": 1}.values, object()])
def test_refuses_query_values_of_other_types(value: object) -> None:
    with pytest.raises(TypeError):
        encode_query({"search": value})  # type: ignore[dict-item]  # invalid on purpose


# Requests outside the API's document


def test_builds_a_custom_request() -> None:
    request = custom_request("put", "/v1/event/1/a%20b", query={"q": "x y"}, body={"a": 1})
    assert (request.method, request.target) == ("PUT", "/v1/event/1/a%20b?q=x%20y")
    assert (request.body, request.content_type) == (b'{"a":1}', "application/json")
    assert (request.operation, request.limit) == (None, None)
    assert "a%20b" not in repr(request)
    assert "a%20b" not in request.route


@pytest.mark.parametrize(
    ("method", "read", "expected"),
    [
        ("GET", None, True),
        ("head", None, True),
        ("POST", None, False),
        ("DELETE", None, False),
        ("GET", False, False),
        ("POST", True, True),
    ],
)
def test_get_and_head_are_idempotent_by_default(method: str, read: bool | None, expected: bool) -> None:
    assert custom_request(method, "/v1/events", idempotent=read).idempotent is expected


def test_a_custom_request_needs_no_body() -> None:
    request = custom_request("POST", "/v1/events")
    assert (request.body, request.content_type) == (None, None)


@pytest.mark.parametrize(
    "path", ["/", "/v1/events/", "/oauth/.well-known/oauth-authorization-server", "/a/...", "/a/%41"]
)
def test_sends_paths_as_they_are(path: str) -> None:
    assert custom_request("GET", path).target == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "v1/events", "https://evil.example/", "//evil.example/", "///", "/v1//events", "/v1/events//"),
        *(
            "/.",
            "/..",
            "/v1/./events",
            "/v1/../oauth",
            "/v1/..",
            "/%2e",
            "/%2E%2e/x",
            "/v1/.%2e/x",
            "/v1/%2e./x",
        ),
        *(
            "/a b",
            "/a\tb",
            "/a\nb",
            "/events\n",
            "/a\x00",
            "/a?b=1",
            "/a?",
            "/a#b",
            "/a\\b",
            "/ä",
            "/\u2028",
            "/a<b>",
        ),
        *("/a%", "/a%2", "/a%zz", "/%%32%65"),
    ],
)
def test_refuses_paths_that_would_be_changed(path: str) -> None:
    with pytest.raises(ValueError, match=r"^path must"):
        custom_request("GET", path)


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", "GET ", "GÉT", "G3T"])
def test_refuses_an_invalid_method(method: str) -> None:
    with pytest.raises(ValueError, match=r"^method must be the name of an HTTP method$"):
        custom_request(method, "/v1/events")


@given(st.text())
def test_a_custom_path_is_sent_unchanged_or_refused(path: str) -> None:
    try:
        target = custom_request("GET", path).target
    except ValueError:
        return
    parts = urlsplit(f"https://host{target}")
    assert target == parts.path == path
    assert parts.netloc == "host"
    assert not {unquote(segment) for segment in target.split("/")} & {".", ".."}
