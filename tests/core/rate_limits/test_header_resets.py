"""The end of the window in rate-limit headers: seconds, timestamps and dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from sessionboard_async.core.rate_limits.headers import RateLimitHeaders as Stated
from sessionboard_async.core.rate_limits.headers import parse_rate_limit_headers as parse
from tests.core.rate_limits.header_samples import ANSWERED, EPOCH, FORTY_DAYS, triple


def reset_of(text: str, *, now: datetime | None = None) -> float | None:
    (limiter,) = parse(triple("100", "40", text), now=now)
    assert limiter[:2] == (100, 40)
    return limiter.reset


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("899.25", 899.25),
        (str(FORTY_DAYS - 1), FORTY_DAYS - 1.0),
        (str(FORTY_DAYS), None),
        ("999999999", None),
        ("1000000000", 0.0),
        (str(EPOCH - 5), 0.0),
        (str(EPOCH + 300), 300.0),
        (f"{EPOCH + 300}.5", 300.5),
        (str(EPOCH + FORTY_DAYS), None),
        ("99999999999", None),
        ("100000000000", 0.0),
        (str(EPOCH * 1000 + 1500), 1.5),
        (str(EPOCH * 1_000_000), None),
        ("Sun, 09 Aug 2026 12:05:00 GMT", 300.0),
        ("Sunday, 09-Aug-26 12:05:00 GMT", 300.0),
        ("Sun Aug  9 12:05:00 2026", 300.0),
        ("Sun, 09 Aug 2026 11:59:00 GMT", 0.0),
        ("Sun, 09 Aug 2099 12:00:00 GMT", None),
        ("2026-08-09T12:05:00Z", 300.0),
        ("2026-08-09T12:05:00.500Z", 300.5),
        ("2026-08-09 12:05:00", 300.0),
        ("2026-08-09T14:05:00+02:00", 300.0),
        ("2026-08-09T12:05:00Z tomorrow", None),
        ("2026-13-09T12:05:00Z", None),
        ("20260809", None),
    ],
)
def test_every_form_of_a_reset(text: str, seconds: float | None) -> None:
    assert reset_of(text) == seconds


@pytest.mark.parametrize("separator", [",", ", "])
def test_the_comma_of_a_date_is_not_a_separator(separator: str) -> None:
    resets = separator.join(["Sun, 09 Aug 2026 12:05:00 GMT", "Monday, 10-Aug-26 00:00:00 GMT"])
    assert [limiter.reset for limiter in parse(triple("100, 10000", "40, 9000", resets))] == [
        300.0,
        43200.0,
    ]


@pytest.mark.parametrize("off_by", [timedelta(seconds=120), timedelta(seconds=-120), timedelta(days=4000)])
@pytest.mark.parametrize(
    "text",
    [str(EPOCH + 300), str(EPOCH * 1000 + 300_000), "Sun, 09 Aug 2026 12:05:00 GMT", "2026-08-09T12:05:00Z"],
)
def test_dates_are_compared_with_the_date_of_the_response(text: str, off_by: timedelta) -> None:
    assert reset_of(text, now=ANSWERED + off_by) == 300.0


@pytest.mark.parametrize("date", [{}, {"Date": "today"}])
def test_the_local_clock_is_used_without_a_valid_date(date: Mapping[str, str]) -> None:
    headers = {"RateLimit-Reset": str(EPOCH + 300), **date}
    assert parse(headers, now=ANSWERED + timedelta(seconds=120)) == (Stated(None, None, 180.0, None),)
    soon = {"RateLimit-Reset": str(int(datetime.now(UTC).timestamp()) + 3000), **date}
    (limiter,) = parse(soon)
    assert limiter.reset is not None
    assert 2000 < limiter.reset <= 3000


@pytest.mark.usefixtures("far_from_utc")
def test_a_date_without_a_zone_is_in_utc_wherever_the_client_runs() -> None:
    assert reset_of("2026-08-09T12:05:00") == 300.0


def test_delta_seconds_need_no_clock() -> None:
    assert reset_of("300", now=ANSWERED + timedelta(days=1)) == 300.0
