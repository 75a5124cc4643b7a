"""Parsing of requests by the embedded server, and selection of rows."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import (
    FIELD_FILTERS,
    RECORD_FILTERS,
    SESSION_FILTERS,
    STATUS_FILTERS,
    Criteria,
    PageRequest,
    expansions_of,
    read_flag,
    read_page,
    read_search,
    refuse_unknown,
    select,
)


class Row(NamedTuple):
    ordinal: int
    created: int
    deleted: int | None = None
    status: str = "accepted"


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

rows = st.lists(
    st.builds(
        Row,
        ordinal=st.integers(0, 9),
        created=st.integers(0, 5),
        deleted=st.none() | st.integers(0, 5),
        status=st.sampled_from(["accepted", "pending"]),
    )
)


def search(filters: object = None, sort: object = None, kinds: object = SESSION_FILTERS) -> Criteria:
    body = {name: value for name, value in (("filters", filters), ("sort", sort)) if value is not None}
    return read_search(json.dumps(body).encode(), kinds)[0]  # type: ignore[arg-type]  # the constants of the module


def test_without_a_body_all_rows_are_selected_newest_first() -> None:
    assert read_search(b"", SESSION_FILTERS) == (Criteria(order="created", descending=True), frozenset())
    assert read_search(b'{"filters": {}, "sort": {}, "expand": []}', SESSION_FILTERS) == (
        Criteria(),
        frozenset(),
    )


def test_filters_and_sort_are_read_from_the_body() -> None:
    criteria = search(
        {
            "status": "pending",
            "isAbstract": False,
            "createdAt": {"after": "1970-01-01T00:00:01Z"},
            "updatedAt": {"before": "1970-01-01T02:00:02+02:00"},
        },
        {"order": "updatedAt", "sort": "asc"},
    )
    assert criteria == Criteria(
        equal=(("status", "pending"), ("is_abstract", False)),
        after=(("created", 1000),),
        before=(("updated", 2000),),
        order="updated",
        descending=False,
    )


@pytest.mark.parametrize(
    ("filters", "kinds", "says"),
    [
        ({"status": "acepted"}, SESSION_FILTERS, "filters.status must be one of accepted"),
        ({"status": None}, RECORD_FILTERS, "filters.status must be one of"),
        ({"isAbstract": "true"}, SESSION_FILTERS, "filters.isAbstract must be true or false"),
        ({"isAbstract": True}, STATUS_FILTERS, "unknown filter 'isAbstract'"),
        ({"deletedAt": {}}, SESSION_FILTERS, "unknown filter 'deletedAt'"),
        (
            {"createdAt": "2026-08-01T00:00:00Z"},
            RECORD_FILTERS,
            "must be an object with after, before or both",
        ),
        ({"createdAt": {"since": "2026-08-01T00:00:00Z"}}, RECORD_FILTERS, "must be an object with after"),
        (
            {"createdAt": {"after": "2026-08-01"}},
            RECORD_FILTERS,
            "filters.createdAt.after must be a date-time",
        ),
        ({"createdAt": {"after": "2026-08-01T00:00:00"}}, RECORD_FILTERS, "with an offset"),
        ({"createdAt": {"before": "T"}}, RECORD_FILTERS, "filters.createdAt.before must be a date-time"),
        (
            {"createdAt": {"after": "0001-01-01T00:00:00+14:00"}},
            RECORD_FILTERS,
            "filters.createdAt.after must be a date-time",
        ),
        (
            {"createdAt": {"before": "9999-12-31T23:59:59-14:00"}},
            RECORD_FILTERS,
            "filters.createdAt.before must be a date-time",
        ),
        ({"module": "speaker"}, FIELD_FILTERS, "filters.module must be one of session, account, contact"),
    ],
)
def test_invalid_filters_are_refused(filters: object, kinds: object, says: str) -> None:
    with pytest.raises(RequestError, match=says) as caught:
        search(filters, kinds=kinds)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "sort",
    [{"order": "title"}, {"order": "createdAt", "sort": "down"}, {"order": "deletedAt"}, {"by": "createdAt"}],
)
def test_an_unknown_sort_is_refused(sort: object) -> None:
    with pytest.raises(RequestError, match="sort"):
        search(sort=sort)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"page": 2}', b'{"expand": "composition"}', b"\xff", b"[" * 100_000]
)
def test_a_body_that_is_no_search_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError, match="the body is not a search"):
        read_search(body, SESSION_FILTERS)


def test_only_the_status_search_sorts_by_deletion() -> None:
    assert search(sort={"order": "deletedAt"}, kinds=STATUS_FILTERS).order == "deleted"


def test_expansions_are_repeated_or_separated_by_commas() -> None:
    query = MultiDict(
        [("expand", "composition,linked_sources"), ("expand", "translated_fields"), ("expand", "")]
    )
    assert expansions_of(query) == {"composition", "linked_sources", "translated_fields"}
    with pytest.raises(RequestError, match="expand must be one of"):
        expansions_of(MultiDict({"expand": "speakers"}))
    with pytest.raises(RequestError, match="expand must be one of"):
        read_search(b'{"expand": ["speakers"]}', SESSION_FILTERS)


@pytest.mark.parametrize("page", ["0", "1000", "-1", "1.0", "", "٣", "1e2", "9" * 30])
def test_a_page_out_of_bounds_is_refused(page: str) -> None:
    with pytest.raises(RequestError, match="page must be a whole number from 1 to 999"):
        read_page(MultiDict({"page": page}))


def test_pages_have_25_records_by_default() -> None:
    assert read_page(MultiDict()) == PageRequest(1, 25)
    assert read_page(MultiDict({"page": "999", "pageSize": "100"})) == PageRequest(999, 100)
    assert read_page(MultiDict({"page_size": "7"}), size_name="page_size") == PageRequest(1, 7)
    with pytest.raises(RequestError, match="page_size must be a whole number from 1 to 100"):
        read_page(MultiDict({"page_size": "101"}), size_name="page_size")


def test_flags_and_unknown_parameters() -> None:
    assert read_flag(MultiDict(), "is_abstract") is None
    assert read_flag(MultiDict({"is_abstract": "true"}), "is_abstract") is True
    assert read_flag(MultiDict({"is_abstract": "false"}), "is_abstract") is False
    with pytest.raises(RequestError, match="is_abstract must be one of true, false"):
        read_flag(MultiDict({"is_abstract": "1"}), "is_abstract")
    refuse_unknown(MultiDict({"page": "1"}), ("page",))
    with pytest.raises(RequestError, match="unknown query parameter 'page_size'"):
        refuse_unknown(MultiDict({"page_size": "1"}), ("page", "pageSize"))


@given(st.lists(st.integers()), st.integers(1, 100))
def test_pages_together_hold_every_row_once(values: list[int], size: int) -> None:
    last = PageRequest(1, size).pagination(len(values))["totalPages"]
    assert isinstance(last, int)
    pages = [PageRequest(number, size).of(values) for number in range(1, last + 1)]
    assert [value for page in pages for value in page] == values
    assert all(page for page in pages)
    assert PageRequest(last + 1, size).of(values) == []


def test_both_spellings_of_the_pagination_hold_the_same() -> None:
    page = PageRequest(2, 25)
    assert page.pagination(51) == {"currentPage": 2, "pageSize": 25, "totalPages": 3, "totalResults": 51}
    assert page.snake_pagination(51) == {
        "current_page": 2,
        "page_size": 25,
        "total_pages": 3,
        "total_results": 51,
    }


@given(rows, st.booleans())
def test_selection_keeps_the_order_of_rows_with_equal_timestamps(rows: list[Row], descending: bool) -> None:
    chosen = select(rows, Criteria(order="created", descending=descending))
    assert Counter(chosen) == Counter(rows)
    for one, other in pairwise(chosen):
        assert (one.created >= other.created) if descending else (one.created <= other.created)
    for timestamp in range(6):
        assert [row for row in chosen if row.created == timestamp] == [
            row for row in rows if row.created == timestamp
        ]


@given(rows, st.booleans())
def test_rows_without_the_time_come_last(rows: list[Row], descending: bool) -> None:
    times = [row.deleted for row in select(rows, Criteria(order="deleted", descending=descending))]
    known = [time for time in times if time is not None]
    assert times == sorted(known, reverse=descending) + [None] * (len(times) - len(known))


@given(rows, st.integers(0, 5_000), st.integers(0, 5_000))
def test_bounds_are_exclusive_to_the_microsecond(rows: list[Row], after: int, before: int) -> None:
    """Rows are precise to the millisecond, bounds to the microsecond."""

    def timestamp(microseconds: int) -> datetime:
        return EPOCH + timedelta(microseconds=microseconds)

    bounds = {"after": timestamp(after).isoformat(), "before": timestamp(before).isoformat()}
    chosen = select(rows, search({"createdAt": bounds}))
    wanted = [row for row in rows if timestamp(after) < timestamp(row.created * 1000) < timestamp(before)]
    assert Counter(chosen) == Counter(wanted)


@given(rows)
def test_a_filter_by_deletion_passes_only_what_was_deleted(rows: list[Row]) -> None:
    criteria = search({"deletedAt": {"after": "1960-01-01T00:00:00Z"}}, kinds=STATUS_FILTERS)
    assert all(row.deleted is not None for row in select(rows, criteria))


@given(rows)
def test_a_status_means_nothing_for_records_that_have_none(rows: list[Row]) -> None:
    assert len(select(rows, search({"status": "declined"}, kinds=RECORD_FILTERS))) == len(rows)
    declined = select(rows, search({"status": "pending"}, kinds=SESSION_FILTERS))
    assert [row.status for row in declined] == ["pending"] * len(declined)
