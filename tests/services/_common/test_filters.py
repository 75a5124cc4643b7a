"""Arguments of searches: sent in the form of the API, or refused."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.services._common.datetimes import iso_timestamp
from sessionboard_async.services._common.filters import (
    RECORD_SEARCH,
    STATUS_SEARCH,
    Expansion,
    SearchKind,
    SessionStatusName,
    expansions,
    search_body,
)

NOON = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=OFFSETS)


# Bodies


def test_a_search_for_everything_has_an_empty_body() -> None:
    assert search_body(RECORD_SEARCH, {}) == {}
    nothing = dict.fromkeys(RECORD_SEARCH.keywords)
    assert search_body(RECORD_SEARCH, nothing, {"isAbstract": None}) == {}


def test_writes_everything_under_the_names_of_the_api() -> None:
    search = {
        "status": "accepted",
        "created_after": NOON,
        "created_before": "2026-08-02T12:00:00+02:00",
        "updated_after": "2026-08-03T12:00:00Z",
        "updated_before": datetime(2026, 8, 4, 12, tzinfo=ZoneInfo("America/Chicago")),
        "deleted_after": "2026-08-05T12:00:00.5Z",
        "deleted_before": NOON + timedelta(days=5),
        "sort": "-deleted_at",
        "expand": ["translated_fields", "composition"],
    }
    assert search_body(STATUS_SEARCH, search, {"isAbstract": False, "module": None}) == {
        "filters": {
            "status": "accepted",
            "createdAt": {"after": "2026-08-01T12:00:00Z", "before": "2026-08-02T10:00:00Z"},
            "updatedAt": {"after": "2026-08-03T12:00:00Z", "before": "2026-08-04T17:00:00Z"},
            "deletedAt": {"after": "2026-08-05T12:00:00.500000Z", "before": "2026-08-06T12:00:00Z"},
            "isAbstract": False,
        },
        "sort": {"order": "deletedAt", "sort": "desc"},
        "expand": ["translated_fields", "composition"],
    }


def test_half_a_range_is_a_range() -> None:
    assert search_body(RECORD_SEARCH, {"created_before": NOON, "created_after": None}) == {
        "filters": {"createdAt": {"before": "2026-08-01T12:00:00Z"}}
    }


def test_paging_is_not_part_of_the_body() -> None:
    paging = {"page_size": 10, "limit": 5, "prefetch": 2, "on_invalid": "skip"}
    assert search_body(RECORD_SEARCH, paging) == {}


@pytest.mark.parametrize("kind", [RECORD_SEARCH, STATUS_SEARCH])
def test_knows_every_sort(kind: SearchKind) -> None:
    sorts = {sort: search_body(kind, {"sort": sort})["sort"] for sort in kind.sorts}
    fields = {"created_at": "createdAt", "updated_at": "updatedAt"}
    if kind is STATUS_SEARCH:
        fields["deleted_at"] = "deletedAt"
    ascending = {name: {"order": field, "sort": "asc"} for name, field in fields.items()}
    descending = {f"-{name}": {"order": field, "sort": "desc"} for name, field in fields.items()}
    assert sorts == ascending | descending


@pytest.mark.parametrize(
    "sort", ["", "-", "createdAt", "--created_at", "+created_at", "deleted_at", "title", 1]
)
def test_refuses_an_unknown_sort_and_names_the_known(sort: object) -> None:
    with pytest.raises(ValueError, match="sort must be one of created_at, -created_at"):
        search_body(RECORD_SEARCH, {"sort": sort})


@pytest.mark.parametrize("status", ["", "Accepted", "withdrawn", 1, ["accepted"]])
def test_refuses_an_unknown_status_and_names_the_known(status: object) -> None:
    with pytest.raises(ValueError, match="status must be one of accepted, accept_queue"):
        search_body(RECORD_SEARCH, {"status": status})


@pytest.mark.parametrize("status", get_args(SessionStatusName))
def test_knows_every_status(status: str) -> None:
    assert search_body(RECORD_SEARCH, {"status": status}) == {"filters": {"status": status}}


@pytest.mark.parametrize("keyword", ["stauts", "deleted_after", "createdAt", "track"])
def test_refuses_unknown_keywords_by_name(keyword: str) -> None:
    with pytest.raises(TypeError, match=f"a search takes no {keyword}"):
        search_body(RECORD_SEARCH, {keyword: None})


def test_names_every_unknown_keyword() -> None:
    with pytest.raises(TypeError, match="a search takes no a, b"):
        search_body(RECORD_SEARCH, {"b": 1, "a": 1, "status": "accepted"})


@pytest.mark.parametrize(
    "keyword", sorted(name for name in STATUS_SEARCH.keywords if "_after" in name or "_before" in name)
)
def test_a_bad_moment_is_named_by_its_keyword(keyword: str) -> None:
    with pytest.raises(ValueError, match=f"^{keyword} has no time zone"):
        search_body(STATUS_SEARCH, {keyword: datetime(2026, 8, 1)})


# Expansions


@given(st.lists(st.sampled_from(get_args(Expansion))))
def test_expansions_are_any_sequence_of_the_known_each_once(names: list[Any]) -> None:
    sent = expansions(names)
    assert expansions(tuple(names)) == sent
    assert len(sent) == len(set(names))
    assert [name for name in names if name in sent] == names


@pytest.mark.parametrize("expand", ["translated_fields", "composition,linked_sources", ""])
def test_one_string_is_no_sequence_of_strings(expand: str) -> None:
    with pytest.raises(TypeError, match="expand must be a sequence of strings"):
        search_body(RECORD_SEARCH, {"expand": expand})


@pytest.mark.parametrize("expand", [["translations"], ["composition", ""], [None]])
def test_refuses_unknown_expansions_and_names_the_known(expand: list[Any]) -> None:
    with pytest.raises(ValueError, match="expand must be one of translated_fields, subsession_details"):
        expansions(expand)


class Status(str, enum.Enum):  # noqa: UP042  # as many callers write it
    """An enumeration of a caller."""

    ACCEPTED = "accepted"


def test_an_enumeration_of_the_callers_stands_for_its_value() -> None:
    body = msgspec.json.encode(search_body(RECORD_SEARCH, {"status": Status.ACCEPTED}))
    assert body == b'{"filters":{"status":"accepted"}}'


# Timestamps


@given(MOMENTS)
def test_any_offset_leaves_the_instant_as_it_is(value: datetime) -> None:
    sent = iso_timestamp("created_after", value)
    assert sent.endswith("Z")
    assert datetime.fromisoformat(sent) == value
    assert iso_timestamp("created_after", value.isoformat()) == sent
    assert iso_timestamp("created_after", sent) == sent


@pytest.mark.parametrize(
    "value",
    ["2026-08-01T09:00:00", "2026-08-01 09:00", "2026-08-01", datetime(2026, 8, 1), "20260801T090000"],
)
def test_refuses_a_moment_without_an_offset(value: datetime | str) -> None:
    with pytest.raises(ValueError, match="created_after has no time zone"):
        iso_timestamp("created_after", value)


@pytest.mark.parametrize("value", ["", "soon", "2026-13-01T00:00:00Z", "2026-08-01T25:00:00Z", "1754035200"])
def test_refuses_text_that_is_no_time(value: str) -> None:
    with pytest.raises(
        ValueError, match="created_after must be an ISO 8601 time such as 2026-08-01T09:00:00Z"
    ):
        iso_timestamp("created_after", value)


@pytest.mark.parametrize(
    "value", [date(2026, 8, 1), 1754035200, 1754035200.5, True, b"2026-08-01T09:00:00Z", []]
)
def test_refuses_what_is_neither_a_datetime_nor_text(value: Any) -> None:
    with pytest.raises(
        TypeError, match=f"must be a datetime or an ISO 8601 string, not {type(value).__name__}"
    ):
        iso_timestamp("created_after", value)


@pytest.mark.parametrize("value", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_refuses_moments_that_have_no_year_in_utc(value: str) -> None:
    for given_ in (value, datetime.fromisoformat(value)):
        with pytest.raises(ValueError, match="created_after"):
            iso_timestamp("created_after", given_)


class Nowhere(tzinfo):
    """A time zone without an offset."""

    def utcoffset(self, when: datetime | None) -> None:
        return None

    dst = utcoffset

    def tzname(self, when: datetime | None) -> str:
        return "nowhere"


def test_a_zone_that_knows_no_offset_is_no_zone() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        iso_timestamp("created_after", datetime(2026, 8, 1, tzinfo=Nowhere()))
