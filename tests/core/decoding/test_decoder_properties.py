"""Properties of decoding that hold for any body."""

from __future__ import annotations

import json
import logging
from datetime import UTC
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionboard_async.core.decoding.records import RecordDecoder
from sessionboard_async.core.page import Pagination
from sessionboard_async.errors import DecodeError
from tests.core.decoding.decoder_models import (
    GET,
    Room,
    Talk,
    Widget,
    page,
    pages,
)

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(10**300, 10**320),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
        st.sampled_from(["", "1", "2026-08-01", "0" * 4_400, "1e999"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["results", "data", "pagination", "currentPage", "total_pages", *Talk.__struct_fields__, "x"]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=25,
)
BODIES = st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary())

quiet = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def without_logs() -> Any:
    logging.getLogger("sessionboard_async").disabled = True
    yield
    logging.getLogger("sessionboard_async").disabled = False


@quiet
@given(BODIES)
@pytest.mark.usefixtures("without_logs")
@pytest.mark.parametrize("type_", [Talk, Room, Widget, dict[str, Any], msgspec.Raw], ids=str)
def test_any_body_is_a_page_of_the_type_or_a_decode_error(type_: Any, body: bytes) -> None:
    expected = dict if type_ == dict[str, Any] else type_
    for on_invalid in ("raise", "skip"):
        try:
            read = pages(type_).decode(body, page=1, on_invalid=on_invalid)
        except DecodeError:
            continue
        assert all(isinstance(record, expected) for record in read.results)
        assert read.pagination is None or isinstance(read.pagination, Pagination)


@quiet
@given(BODIES)
@pytest.mark.usefixtures("without_logs")
@pytest.mark.parametrize("type_", [Talk, Room, Widget])
def test_any_body_is_a_record_of_the_type_or_a_decode_error(type_: Any, body: bytes) -> None:
    try:
        record = RecordDecoder(type_, GET).decode(body)
    except DecodeError:
        return
    assert isinstance(record, type_)


@quiet
@given(st.lists(JSON), st.sampled_from(["results", "data", None]))
@pytest.mark.usefixtures("without_logs")
def test_no_record_is_lost(rows: list[object], wrapper: str | None) -> None:
    body = json.dumps(rows if wrapper is None else {wrapper: rows}).encode()
    raw = pages(msgspec.Raw).decode(body, page=1)
    assert len(raw.results) == len(rows)
    skipping = pages().decode(body, page=1, on_invalid="skip")
    assert len(skipping.results) + skipping.skipped == len(rows)
    try:
        strict = pages().decode(body, page=1)
    except DecodeError:
        assert skipping.skipped
    else:
        assert len(strict.results) == len(rows)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FITTING = st.builds(
    Talk,
    id=st.none() | TEXT,
    title=st.none() | TEXT,
    capacity=st.none() | st.integers(),
    starts_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    rooms=st.none() | st.lists(st.builds(Room, id=TEXT)).map(tuple),
    value=st.none() | TEXT | st.lists(TEXT),
)


@quiet
@given(st.lists(FITTING))
@pytest.mark.usefixtures("without_logs")
def test_a_record_that_does_not_fit_changes_no_other_record(talks: list[Talk]) -> None:
    fitting = msgspec.json.encode(talks)
    with_coercion = msgspec.json.encode([*talks, {"capacity": "1"}])
    assert page(fitting).results == tuple(talks)
    assert page(with_coercion).results == (*talks, Talk(capacity=1))
