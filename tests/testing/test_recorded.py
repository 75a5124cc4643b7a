"""Recorded requests: bounded in number and in bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from sessionboard_async.testing.recorded import RecordedRequest, RequestLog


def request(content: bytes = b"", query: str = "") -> RecordedRequest:
    return RecordedRequest("search-sessions", "POST", "/path", MultiDict(q=query), ("accept",), content)


@given(st.lists(st.integers(0, 5000)), st.integers(1, 5), st.integers(1, 20_000))
def test_the_oldest_requests_are_forgotten_beyond_the_number_or_the_size(
    sizes: list[int], number: int, size: int
) -> None:
    log = RequestLog(number, size)
    added: list[RecordedRequest] = []
    for place, length in enumerate(sizes):
        added.append(request(bytes(length), query=str(place)))
        log.add(added[-1])
        kept = list(log.requests)
        assert kept == added[-len(kept) :]
        assert len(kept) <= number
        assert len(kept) == 1 or sum(each.size for each in kept) <= size
        one_more = added[-len(kept) - 1 :]
        fits = len(one_more) <= number and sum(each.size for each in one_more) <= size
        assert not fits or len(one_more) == len(kept)


def test_a_cleared_log_has_room_again() -> None:
    log = RequestLog(10, 5000)
    log.add(request(bytes(3000)))
    log.requests.clear()
    for _ in range(2):
        log.add(request(bytes(1000)))
    assert len(log.requests) == 2


def test_everything_that_came_counts() -> None:
    assert request(query="q" * 500).size - request().size == 500
    assert request(content=bytes(500)).size - request().size == 500


@pytest.mark.parametrize(
    ("content", "body"),
    [(b"", None), (b'{"a": 1}', {"a": 1}), (b"null", None), (b"{", b"{"), (b"\xff", b"\xff")],
)
def test_a_body_is_decoded_if_it_is_json(content: bytes, body: object) -> None:
    assert request(content).body == body


def test_a_deep_body_stays_bytes() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    assert request(deep).body == deep
    assert len(repr(request(deep))) < 500
