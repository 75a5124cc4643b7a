"""Conversions between datetimes, milliseconds and the API's text form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.timestamps import format_milliseconds, format_utc, to_milliseconds

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


def test_a_timestamp_is_written_in_utc_with_a_z() -> None:
    in_paris = NOON.astimezone(timezone(timedelta(hours=2)))

    assert format_utc(in_paris) == "2026-08-01T12:00:00Z"
    assert format_utc(in_paris, "milliseconds") == "2026-08-01T12:00:00.000Z"


@pytest.mark.parametrize(("microseconds", "milliseconds"), [(0, 0), (999, 0), (1000, 1), (-1, -1)])
def test_parts_of_a_millisecond_are_rounded_down(microseconds: int, milliseconds: int) -> None:
    timestamp = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)

    assert to_milliseconds(timestamp) == milliseconds


@given(st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_become_the_same_timestamp_again(timestamp: datetime) -> None:
    milliseconds = to_milliseconds(timestamp)

    assert to_milliseconds(datetime.fromisoformat(format_milliseconds(milliseconds))) == milliseconds
