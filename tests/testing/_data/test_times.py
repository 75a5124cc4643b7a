"""Creation times of sessions, simulated time, and the order of records with equal timestamps."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing import SimulatedTime, Times
from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.dataset import EventData, Organization, Size
from sessionboard_async.testing._data.query import STATUS_FILTERS, Criteria, PageRequest, read_search
from sessionboard_async.testing._data.times import RecordOrder
from sessionboard_async.testing._writes.session_edits import SessionEditor


class Row(NamedTuple):
    created: int
    number: int


OLDEST_FIRST = Criteria(descending=False)


def event(
    times: Times | None,
    *,
    sessions: int = 60,
    light: bool = False,
    start: datetime = datetime(2026, 11, 2, 12, tzinfo=UTC),
) -> EventData:
    size = Size.of(
        events=1,
        sessions=sessions,
        speakers=None,
        contacts=None,
        sponsors=None,
        exhibitors=None,
        light=light,
    )
    organization = Organization(1, size, Clock(SimulatedTime(start).now), times)
    return next(iter(organization.events.values()))


def returned(event: EventData) -> list[dict[str, Any]]:
    rows = event.statuses(OLDEST_FIRST, linked_sources=True)
    return [dict(event.program.status(row)) for row in rows]


# Simulated time


def test_simulated_time_passes_only_on_request() -> None:
    time = SimulatedTime(datetime(2026, 11, 2, 12, tzinfo=UTC), per_request=0.25)
    start = datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()
    assert time.now() == start
    time.pass_request()
    time.pass_request()
    time.advance(60)
    assert time.now() == start + 60.5
    assert repr(time) == "<SimulatedTime 2026-11-02T12:01:00.500000+00:00>"


def test_simulated_time_begins_after_all_generated_records() -> None:
    for times in (None, Times()):
        last = max(record["updated_at"] for record in returned(event(times)))
        assert datetime.fromisoformat(last).timestamp() < SimulatedTime().now()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"start": datetime(2026, 11, 2)}, "start must have an offset"),  # which is wrong
        ({"per_request": -1}, "per_request must be a number of seconds"),
        ({"per_request": math.nan}, "per_request must be a number of seconds"),
    ],
)
def test_an_invalid_simulated_time_is_refused(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SimulatedTime(**arguments)


@pytest.mark.parametrize("seconds", [-0.1, math.inf, math.nan])
def test_time_never_runs_backwards(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be a number"):
        SimulatedTime().advance(seconds)


@given(st.lists(st.sampled_from(["coarse", "fine", "pass"]), max_size=30))
def test_no_two_readings_of_a_clock_are_equal(steps: list[str]) -> None:
    time = SimulatedTime(per_request=0.000_3)
    clock = Clock(time.now)
    readings: list[float] = []
    for step in steps:
        if step == "pass":
            time.pass_request()
        else:
            readings.append(clock.read() if step == "coarse" else clock.read_precisely())
    assert readings == sorted(set(readings))


def test_a_late_write_has_the_timestamp_of_its_making() -> None:
    clock = Clock(lambda: 2000.0)
    with clock.fixed_at(1_500_000.1234):
        assert (clock.read(), clock.read(), clock.read_precisely()) == (1_500_000, 1_500_000, 1_500_000.123)
    assert clock.read() == 2_000_000


# Creation times of sessions


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"ties": 0}, "ties must be 1 or more"),
        ({"step": 0}, "step must be a number of seconds, a microsecond or more"),
        ({"step": math.inf}, "step must be a number of seconds"),
        ({"tie_order": "shuffled"}, "tie_order must be one of stable, random"),
        ({"bounds": "open"}, "bounds must be one of exclusive, inclusive"),
        ({"precision": "seconds"}, "precision must be one of milliseconds, microseconds"),
    ],
)
def test_invalid_times_are_refused(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Times(**arguments)


@given(
    ties=st.integers(1, 40),
    microseconds=st.integers(1, 3_000_000),
    precision=st.sampled_from(["milliseconds", "microseconds"]),
)
def test_the_given_number_of_sessions_have_equal_timestamps(
    ties: int, microseconds: int, precision: Any
) -> None:
    times = Times(ties=ties, step=microseconds / 1_000_000, precision=precision)
    first = datetime(2025, 10, 6, 8, tzinfo=UTC).timestamp() * 1000
    unit = 1000 if precision == "microseconds" else 1
    for index in (0, 1, ties - 1, ties, 7 * ties, 100_000):
        exact = index // ties * microseconds * unit
        assert round((times.created(index) - first) * unit) == exact // 1000
    assert [round(times.created(index) - first, 3) for index in range(ties)] == [0.0] * ties


@pytest.mark.parametrize("light", [False, True])
def test_sessions_have_the_configured_timestamps(light: bool) -> None:
    fine = event(Times(ties=3, step=0.000_007, precision="microseconds"), light=light)
    sessions = fine.sessions(OLDEST_FIRST, linked_sources=True)
    groups = [len(list(group)) for _, group in groupby(fine.agenda.rows, key=lambda row: row.created)]
    assert set(groups[:-1]) == {3}
    texts = [fine.program.status(row)["created_at"] for row in sessions]
    assert texts[0] == "2025-10-06T08:00:00.000000Z"
    assert "2025-10-06T08:00:00.000007Z" in texts
    assert texts == sorted(map(str, texts))
    coarse = event(Times(ties=3, step=0.000_007), light=light)
    assert len({row.created for row in coarse.agenda.rows}) == 1


def test_writes_are_dated_as_exactly_as_sessions_are() -> None:
    for times, fraction in ((Times(precision="microseconds"), "140625"), (Times(), "140"), (None, "140")):
        made = event(times, start=datetime(2026, 11, 2, 12, microsecond=140_625, tzinfo=UTC))
        row = made.part(SessionEditor).create({"title": "New"})
        record = made.program.status(row)
        assert record["created_at"] == f"2026-11-02T12:00:00.{fraction}Z"
        assert record["updated_at"] == record["created_at"]


def test_no_session_lies_after_or_before_its_own_timestamp() -> None:
    """The numbers in rows equal the returned timestamps, also of subsessions and deleted sessions."""
    fine = event(Times(step=0.123_457, precision="microseconds"), sessions=200)
    for name, filter_name in (("created_at", "createdAt"), ("deleted_at", "deletedAt")):
        timestamps = {record[name] for record in returned(fine)} - {None}
        assert len(timestamps) > 5
        for timestamp in timestamps:
            bounds = {"filters": {filter_name: {"after": timestamp, "before": timestamp}}}
            criteria, _ = read_search(json.dumps(bounds).encode(), STATUS_FILTERS, inclusive=True)
            found = fine.statuses(criteria, linked_sources=True)
            assert {fine.program.status(row)[name] for row in found} == {timestamp}


# Rows with equal timestamps


def dealt(order: RecordOrder, rows: list[Row], size: int) -> list[Row]:
    pages = -(-len(rows) // size)
    return [
        row
        for number in range(1, pages + 1)
        for row in order.page(PageRequest(number, size), rows, OLDEST_FIRST)
    ]


tied = st.lists(st.integers(0, 3), max_size=40).map(
    lambda timestamps: [Row(created, number) for number, created in enumerate(sorted(timestamps))]
)


@given(tied, st.integers(1, 12), st.integers(1, 6))
def test_a_page_in_random_order_holds_records_with_the_timestamps_of_that_page(
    rows: list[Row], size: int, number: int
) -> None:
    page = PageRequest(number, size)
    mixed = RecordOrder(Times(tie_order="random"), 1).page(page, rows, OLDEST_FIRST)
    assert [row.created for row in mixed] == [row.created for row in page.of(rows)]
    assert len(set(mixed)) == len(mixed)
    assert set(mixed) <= set(rows)


@given(tied)
def test_one_page_that_holds_everything_loses_nothing(rows: list[Row]) -> None:
    everything = RecordOrder(Times(tie_order="random"), 1).page(PageRequest(1, 100), rows, OLDEST_FIRST)
    assert Counter(everything) == Counter(rows)


@given(tied, st.integers(1, 12))
def test_a_stable_order_loses_nothing(rows: list[Row], size: int) -> None:
    for times in (None, Times(), Times(ties=9)):
        assert dealt(RecordOrder(times, 1), rows, size) == rows


def test_page_numbers_miss_rows_with_equal_timestamps_in_random_order() -> None:
    rows = [Row(number // 30, number) for number in range(300)]
    order = RecordOrder(Times(tie_order="random"), 1)
    once, again = dealt(order, rows, 10), dealt(order, rows, 10)
    assert len(once) == 300
    assert 30 < len(set(rows) - set(once)) < 150
    assert once != again
    assert dealt(RecordOrder(Times(tie_order="random"), 1), rows, 10) == once
    assert dealt(RecordOrder(Times(tie_order="random"), 2), rows, 10) != once
