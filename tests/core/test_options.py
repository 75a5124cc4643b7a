"""Options are frozen values, and invalid ones are refused at once."""

from __future__ import annotations

import math
from typing import Any

import pytest
from msgspec.structs import replace

from sessionboard_async.core.options import Cache, RateLimits, Retry, Timeout


def test_options_are_values() -> None:
    assert Timeout() == Timeout(connect=10, attempt=60, total=300)
    assert Retry() == Retry(attempts=5, base_delay=0.5, max_delay=30)
    assert RateLimits() == RateLimits(requests=100, window=900)
    assert len({Timeout(), Timeout(), replace(Timeout(), total=1)}) == 2
    with pytest.raises(AttributeError):
        Timeout().total = 1  # type: ignore[misc]  # the assignment under test


def test_no_timeout_is_a_timeout_too() -> None:
    assert Timeout(connect=None, attempt=None, total=None).total is None


@pytest.mark.parametrize("name", ["connect", "attempt", "total"])
@pytest.mark.parametrize("seconds", [0, -1, -0.5, math.nan, math.inf])
def test_refuses_times_that_no_clock_shows(name: str, seconds: Any) -> None:
    with pytest.raises(ValueError, match=rf"Timeout\.{name} "):
        Timeout(**{name: seconds})


@pytest.mark.parametrize("attempts", [0, -1, 2.5, math.nan, math.inf])
def test_refuses_attempts_that_cannot_be_counted(attempts: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"Retry\.attempts"):
        Retry(attempts=attempts)


@pytest.mark.parametrize("name", ["base_delay", "max_delay"])
@pytest.mark.parametrize("seconds", [-0.1, math.nan, math.inf])
def test_refuses_waits_that_no_clock_shows(name: str, seconds: Any) -> None:
    with pytest.raises(ValueError, match=rf"Retry\.{name}"):
        Retry(**{name: seconds})


def test_waits_may_be_nothing() -> None:
    assert Retry(base_delay=0, max_delay=0, attempts=1) == Retry(base_delay=0.0, max_delay=0.0, attempts=1)


@pytest.mark.parametrize("name", ["requests", "window"])
@pytest.mark.parametrize("value", [0, -1, 0.5, math.nan, math.inf, None])
def test_refuses_budgets_that_would_never_let_a_request_pass(name: str, value: Any) -> None:
    if (name, value) == ("window", 0.5):
        assert RateLimits(window=0.5).window == 0.5
        return
    with pytest.raises((ValueError, TypeError), match=rf"RateLimits\.{name} "):
        RateLimits(**{name: value})


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, None, "5"])
def test_refuses_ages_that_no_answer_can_have(seconds: Any) -> None:
    with pytest.raises(ValueError, match=r"Cache\.ttl "):
        Cache(ttl=seconds)


@pytest.mark.parametrize("name", ["size", "max_bytes"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, None])
def test_refuses_caches_without_room(name: str, value: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=rf"Cache\.{name} "):
        Cache(ttl=5, **{name: value})


def test_the_age_of_an_answer_has_no_default() -> None:
    with pytest.raises(TypeError, match="ttl"):
        Cache()  # type: ignore[call-arg]  # the call under test
    assert Cache(ttl=0.5) == Cache(ttl=0.5, size=1000, max_bytes=1 << 24)
