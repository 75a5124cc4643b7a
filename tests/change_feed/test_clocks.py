"""Clocks that disagree, and versions of records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sessionboard_async.change_feed.clocks import OVERLAP, RunClocks, newest
from sessionboard_async.change_feed.progress import ResourceProgress
from sessionboard_async.change_feed.versions import microseconds, version_getter
from sessionboard_async.core.timestamps import to_milliseconds

NOW = to_milliseconds(datetime(2026, 11, 2, 12, tzinfo=UTC))
HOUR = 3_600_000
YEAR_1, YEAR_9999 = -62_135_596_800_000, 253_402_300_799_000


def test_the_start_lies_between_the_clocks() -> None:
    assert RunClocks(NOW, None).bounds(None) == (NOW, NOW)
    assert RunClocks(NOW, NOW - HOUR).bounds(None) == (NOW - HOUR, NOW)
    assert RunClocks(NOW, YEAR_9999).bounds(NOW - HOUR) == (NOW, YEAR_9999)


def test_a_clock_behind_the_data_does_not_count() -> None:
    assert RunClocks(NOW, YEAR_1).bounds(NOW - HOUR) == (NOW, NOW)
    assert RunClocks(NOW - 2 * HOUR, NOW).bounds(NOW - HOUR) == (NOW, NOW)
    assert RunClocks(NOW - 3 * HOUR, NOW - 2 * HOUR).bounds(NOW) == (NOW - 2 * HOUR, NOW - 2 * HOUR)


def test_a_record_can_be_as_new_as_the_earliest_clock_that_is_not_behind_the_data() -> None:
    assert RunClocks(NOW, YEAR_1).plausible(None) == NOW
    assert RunClocks(NOW, YEAR_9999).plausible(None) == NOW
    assert RunClocks(NOW, YEAR_9999).plausible(NOW - HOUR) == NOW
    assert RunClocks(YEAR_9999, NOW).plausible(NOW - HOUR) == NOW
    assert RunClocks(YEAR_1, NOW).plausible(NOW - HOUR) == NOW


@pytest.mark.parametrize(
    ("local", "server", "due"),
    [
        (0, 0, False),
        (0, HOUR - 1, False),
        (0, HOUR, True),
        (HOUR, 0, True),
        (-1, 0, True),
        (0, -1, True),
        (YEAR_9999 - NOW, 0, True),
    ],
)
def test_a_comparison_is_due_by_any_clock_or_if_one_went_back(local: int, server: int, due: bool) -> None:
    assert RunClocks(NOW + local, NOW + server).is_due(HOUR, NOW, NOW) is due


def test_without_a_last_comparison_none_is_due() -> None:
    assert not RunClocks(NOW, NOW).is_due(0, None, None)


def test_the_newest_time_is_neither_in_the_future_nor_before_the_api() -> None:
    times = [time * 1000 for time in (YEAR_1, NOW - HOUR, NOW, NOW + 1, YEAR_9999)]
    assert newest(times, NOW) == NOW
    assert newest(times, YEAR_9999) == YEAR_9999
    assert newest([YEAR_1 * 1000], YEAR_9999) is None
    assert newest([], NOW) is None


def test_a_version_is_a_usable_time_or_a_digest() -> None:
    version = version_getter(dict, NOW)
    times = {
        "2026-11-02T12:00:00.000001Z": NOW * 1000 + 1,
        "2026-11-02T14:00:00+02:00": NOW * 1000,
        "2026-11-02T12:05:00Z": (NOW + OVERLAP) * 1000,
    }
    for usable, expected in times.items():
        assert version({"updated_at": usable}) == expected
    for text in ("0001-01-01T00:00:00+14:00", "1999-12-31T23:59:59Z", "2026-11-02T12:05:01Z", "today", None):
        assert isinstance(version({"updated_at": text}), str)
    # Without an offset it could be any hour.
    assert isinstance(version({"updated_at": "2026-11-02T12:00:00"}), str)
    assert isinstance(version_getter(dict, None)({"updated_at": "2026-11-02T12:00:00Z"}), str)


def test_microseconds_of_any_time() -> None:
    assert microseconds(datetime(1, 1, 1, tzinfo=UTC)) == YEAR_1 * 1000
    assert microseconds("9999-12-31T23:59:59Z") == YEAR_9999 * 1000
    for wrong in (None, 7, "", "9999", datetime(2026, 1, 1)):  # the last has no offset
        assert microseconds(wrong) is None


def test_an_older_answer_is_no_change_only_as_long_as_it_may_be_cached() -> None:
    clocks = RunClocks(NOW, NOW)

    def is_change(version: int, reported: int) -> bool:
        progress = ResourceProgress(ids={"a": reported * 1000})
        return progress.is_change("a", version * 1000, unknown=False, clocks=clocks)

    assert is_change(NOW, NOW - 1)
    assert not is_change(NOW, NOW)
    assert not is_change(NOW - HOUR, NOW)
    assert not is_change(NOW - HOUR, NOW - OVERLAP)
    # Restored from a backup, or the reported time was in the future.
    assert is_change(NOW - 2 * HOUR, NOW - HOUR)
    assert is_change(NOW - HOUR, YEAR_9999)


@pytest.mark.parametrize("unknown", [True, False])
def test_an_unknown_version_is_a_change_if_the_caller_says_so(unknown: bool) -> None:
    progress = ResourceProgress(ids={"a": None, "b": None}, digests={"b": "0123"})
    clocks = RunClocks(NOW, None)
    assert progress.is_change("a", NOW * 1000, unknown=unknown, clocks=clocks) is unknown
    assert progress.is_change("a", "0123", unknown=unknown, clocks=clocks)
    assert not progress.is_change("b", "0123", unknown=unknown, clocks=clocks)
    assert progress.is_change("b", NOW * 1000, unknown=unknown, clocks=clocks)
    assert progress.is_change("c", NOW * 1000, unknown=unknown, clocks=clocks)


def test_the_first_watermark_is_the_newest_time_before_the_earlier_clock() -> None:
    clocks = RunClocks(NOW, NOW - HOUR)
    ids = {"a": (NOW - 2 * HOUR) * 1000, "b": (NOW - HOUR // 2) * 1000, "c": YEAR_9999 * 1000}
    progress = ResourceProgress(ids=dict(ids))
    progress.finish_pass(clocks.bounds(None), clocks)
    assert progress.watermark == NOW - 2 * HOUR
    # If all records are newer than a clock, that clock is behind.
    del ids["a"]
    progress = ResourceProgress(ids=dict(ids))
    progress.finish_pass(clocks.bounds(None), clocks)
    assert progress.watermark == NOW - HOUR // 2
    progress = ResourceProgress(ids={"c": YEAR_9999 * 1000})
    progress.finish_pass(clocks.bounds(None), clocks)
    assert progress.watermark is None


def test_a_later_watermark_never_falls_unless_it_is_in_the_future() -> None:
    progress = ResourceProgress(ids={"a": (NOW - HOUR) * 1000}, watermark=NOW)
    clocks = RunClocks(NOW, None)
    progress.finish_pass(clocks.bounds(NOW), clocks)
    assert progress.watermark == NOW
    early = RunClocks(NOW - OVERLAP - 1, NOW - HOUR)
    progress.finish_pass(early.bounds(NOW), early)
    assert progress.watermark is None


def test_the_time_of_a_response_is_kept_beside_the_local_one() -> None:
    date = datetime(2016, 1, 1, tzinfo=UTC)
    clocks = RunClocks.at(date)
    assert clocks.now == clocks.server == to_milliseconds(date)
    assert abs(clocks.local - to_milliseconds(datetime.now(UTC))) < timedelta(minutes=1) // timedelta(
        milliseconds=1
    )
    assert clocks.latest == clocks.local
    assert RunClocks.at(None).now == RunClocks.at(None).latest
