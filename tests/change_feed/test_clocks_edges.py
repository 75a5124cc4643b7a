"""Clocks and versions at their exact bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sessionboard_async.change_feed.clocks import OVERLAP, RunClocks
from sessionboard_async.change_feed.versions import version_getter
from sessionboard_async.core.timestamps import to_milliseconds

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOW, HOUR = to_milliseconds(START), 3_600_000
LAST = START + timedelta(milliseconds=OVERLAP)


def test_a_clock_at_the_newest_time_of_the_data_counts() -> None:
    clocks = RunClocks(NOW, NOW - HOUR)
    assert clocks.bounds(NOW - HOUR) == (NOW - HOUR, NOW)
    assert clocks.bounds(NOW - HOUR + 1) == (NOW, NOW)


@pytest.mark.parametrize(
    ("time", "is_usable"),
    [
        (datetime(2000, 1, 1, tzinfo=UTC), True),
        (datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), False),
        (LAST, True),
        (LAST + timedelta(microseconds=1), False),
    ],
)
def test_a_usable_time_is_neither_before_the_api_nor_in_the_future(time: datetime, is_usable: bool) -> None:
    version = version_getter(dict, NOW)({"id": "a", "updated_at": time.isoformat()})
    assert isinstance(version, int) is is_usable


@pytest.mark.parametrize("latest", [NOW, None])
def test_records_without_a_usable_time_have_versions_by_their_content(latest: int | None) -> None:
    version = version_getter(dict, latest)
    one = {"id": "a", "updated_at": None, "name": "A"}
    assert version(one) == version(dict(one))
    assert len({version(one), version(one | {"name": "B"}), version(one | {"id": "b"})}) == 3
