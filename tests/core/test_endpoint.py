"""Declarations of operations."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, Method, list_of, page_of


class Talk(msgspec.Struct):
    title: str | None = None


@pytest.fixture(autouse=True)
def nothing_stays_declared() -> Iterator[None]:
    before = dict(ENDPOINTS)
    yield
    ENDPOINTS.clear()
    ENDPOINTS.update(before)


def test_an_operation_is_found_by_its_id() -> None:
    endpoint = Endpoint("test-get", "GET", "/v1/talks/{talk_id}", Talk, limit="entity-reads")
    assert ENDPOINTS["test-get"] is endpoint
    assert (endpoint.method, endpoint.path, endpoint.answer) == ("GET", "/v1/talks/{talk_id}", Talk)
    assert (endpoint.limit, endpoint.daily_quota) == ("entity-reads", False)


@pytest.mark.parametrize(
    ("method", "declared", "read"),
    [
        ("GET", False, True),
        ("GET", True, True),
        ("POST", False, False),
        ("POST", True, True),
        ("PUT", False, False),
        ("DELETE", False, False),
    ],
)
def test_only_what_reads_may_be_sent_twice(method: Method, declared: bool, read: bool) -> None:
    assert Endpoint("test-any", method, "/v1/talks", Talk, idempotent=declared).idempotent is read


def test_refuses_to_be_declared_twice_and_keeps_the_first() -> None:
    first = Endpoint("test-twice", "GET", "/v1/talks", Talk)
    with pytest.raises(ValueError, match="'test-twice' is declared twice"):
        Endpoint("test-twice", "POST", "/v1/others", Talk)
    assert ENDPOINTS["test-twice"] is first


def test_never_changes() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        Endpoint("test-frozen", "GET", "/v1/talks", Talk).idempotent = False  # type: ignore[misc]  # the assignment under test


def test_pages_and_lists_say_how_their_size_is_asked_for() -> None:
    assert page_of(Talk).size_parameter == "pageSize"
    assert page_of(Talk, size_parameter="page_size").size_parameter == "page_size"
    assert list_of(Talk).size_parameter is None
    assert page_of(Talk).record is list_of(Talk).record is Talk
