"""Rate-limit headers: every form, several limits at once, and invalid values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from sessionboard_async.core.rate_limits.headers import RateLimitHeaders as Stated
from sessionboard_async.core.rate_limits.headers import parse_rate_limit_headers as parse
from tests.core.rate_limits.header_samples import (
    ANSWERED,
    DATE,
    EPOCH,
    FORTY_DAYS,
    PREFIXES,
    received,
    three,
    triple,
)

# No limit


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "30"}, {"Date": DATE, "X-RateLimit": "100"}])
def test_headers_without_a_limit(headers: Mapping[str, str]) -> None:
    assert parse(headers) == ()
    assert parse(received(*headers.items())) == ()


@pytest.mark.parametrize("age", ["1", "900", " 7", "0.5", "007", "99999999999999999999"])
def test_headers_of_a_cached_response_are_ignored(age: str) -> None:
    assert parse(received(("Age", age), *three("100", "40", "5"))) == ()


@pytest.mark.parametrize("age", ["0", "", "0.0", "-1", "young", "\u0661"])
def test_a_response_without_age_is_fresh(age: str) -> None:
    assert parse(received(("Age", age), *three("100", "40", "5"))) == (Stated(100, 40, 5.0, None),)


# One limit in each form


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "expected"),
    [
        ("100", "99", "900", Stated(100, 99, 900.0, None)),
        ("100", "0", "0", Stated(100, 0, 0.0, None)),
        (" 100 ", "099", "12.5", Stated(100, 99, 12.5, None)),
        ("100.0", "49.9", "5", Stated(100, 49, 5.0, None)),
        ("100", "120", "5", Stated(100, 120, 5.0, None)),
        ("123456789012", "123456789012", "5", Stated(123456789012, 123456789012, 5.0, None)),
        ("100, 100;w=900", "40", "5", Stated(100, 40, 5.0, 900.0)),
        ('100, 100;w=900;comment="a, b; w=1"', "40", "5", Stated(100, 40, 5.0, 900.0)),
        ("100;w=900", "40", "5", Stated(100, 40, 5.0, 900.0)),
        ("100, 100;W = 900", "40", "5", Stated(100, 40, 5.0, 900.0)),
        ("100, 100;w=0", "40", "5", Stated(100, 40, 5.0, None)),
        ("100, 100;w=1000000000", "40", "5", Stated(100, 40, 5.0, None)),
        ('100, 100;w=900;qu="content-bytes"', "40", "5", Stated(100, 40, 5.0, None)),
        ("100,", ", 40", "5, ", Stated(100, 40, 5.0, None)),
        ("100, 100;w=60, 100;w=900", "40", "5", Stated(100, 40, 5.0, None)),
    ],
)
def test_three_headers(prefix: str, limit: str, remaining: str, reset: str, expected: Stated) -> None:
    assert parse(triple(limit, remaining, reset, prefix)) == (expected,)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_three_headers_and_a_policy(prefix: str) -> None:
    headers = received((f"{prefix}-Policy", "100;w=900"), *three("100", "40", "5", prefix))
    assert parse(headers) == (Stated(100, 40, 5.0, 900.0),)


@pytest.mark.parametrize(
    ("said", "policy", "expected"),
    [
        ("limit=100, remaining=50, reset=5", "", Stated(100, 50, 5.0, None)),
        ("limit=100, remaining=50, reset=5", "100;w=900", Stated(100, 50, 5.0, 900.0)),
        ("Reset=5,LIMIT = 100,remaining=50", '"hour";q=100;w=900', Stated(100, 50, 5.0, 900.0)),
        ("limit=100;w=900, remaining=50, reset=5", "", Stated(100, 50, 5.0, 900.0)),
        ("remaining=50", "", Stated(None, 50, None, None)),
        ('"default";r=50;t=30', "", Stated(None, 50, 30.0, None)),
        ('"default";r=50;t=30', '"default";q=100;w=900', Stated(100, 50, 30.0, 900.0)),
        ('"default"; t=30; r=50; pk=:cHJv:', '"default"; w=900; q=100', Stated(100, 50, 30.0, 900.0)),
        ("default;r=50;t=30", '"default";q=100;w=900', Stated(100, 50, 30.0, 900.0)),
        ('"default";r=50', "default;q=100", Stated(100, 50, None, None)),
        (r'"a, \"b\"; r=1";r=50;t=30', r'"a, \"b\"; r=1";q=100;w=900', Stated(100, 50, 30.0, 900.0)),
        ('"default";r=50;t=30', 'default;q=100;w=900;qu="requests"', Stated(100, 50, 30.0, 900.0)),
        ("a;r=5;t=30", "a;q=100;w=900, a;q=200;w=60, a;q=1;w=1;qu=requests", Stated(None, 5, 30.0, None)),
    ],
)
def test_one_structured_header(said: str, policy: str, expected: Stated) -> None:
    headers = received(("RateLimit", said), *([("RateLimit-Policy", policy)] if policy else []))
    assert parse(headers) == (expected,)


def test_some_of_the_headers_are_enough() -> None:
    assert parse(received(("RateLimit-Limit", "100"))) == (Stated(100, None, None, None),)
    assert parse(received(("X-RateLimit-Remaining", "7"))) == (Stated(None, 7, None, None),)
    assert parse(received(("X-Rate-Limit-Reset", "7"))) == (Stated(None, None, 7.0, None),)


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_a_plain_mapping_is_read_in_any_case(spelling: Callable[[str], str]) -> None:
    headers = {spelling(name): value for name, value in triple("100", "40", str(EPOCH + 7)).items()}
    assert parse(headers) == (Stated(100, 40, 7.0, None),)
    assert parse(headers | {spelling("Age"): "3"}) == ()


# Several limits

BOTH = (Stated(100, 40, 300.0, None), Stated(10000, 9000, 40000.0, None))
BOTH_WITH_WINDOWS = (Stated(100, 40, 300.0, 900.0), Stated(10000, 9000, 40000.0, 86400.0))


@pytest.mark.parametrize("prefix", PREFIXES)
def test_several_limits_joined_by_a_proxy_or_repeated(prefix: str) -> None:
    assert parse(triple("100, 10000", "40, 9000", "300, 40000", prefix)) == BOTH
    twice = (*three("100", "40", "300", prefix), *three("10000", "9000", "40000", prefix))
    assert parse(received(*twice)) == BOTH


@pytest.mark.parametrize(
    "limits", ["100, 100;w=900, 10000, 10000;w=86400", "100;w=900, 10000;w=86400", "100;w=900,10000;w=86400,"]
)
def test_several_limits_with_their_policies(limits: str) -> None:
    assert parse(triple(limits, "40, 9000", "300, 40000")) == BOTH_WITH_WINDOWS


def test_several_limits_with_a_policy_header() -> None:
    policy = ("RateLimit-Policy", "10000;w=86400, 100;w=900")
    assert parse(received(policy, *three("100,10000", "40,9000", "300,40000"))) == BOTH_WITH_WINDOWS


@pytest.mark.parametrize(
    ("said", "policy"),
    [
        ('"short";r=40;t=300, "day";r=9000;t=40000', '"day";q=10000;w=86400, "short";q=100;w=900'),
        (
            "limit=100, remaining=40, reset=300, limit=10000, remaining=9000, reset=40000",
            "100;w=900, 10000;w=86400",
        ),
    ],
)
def test_several_limits_in_one_structured_header(said: str, policy: str) -> None:
    assert parse(received(("RateLimit", said), ("RateLimit-Policy", policy))) == BOTH_WITH_WINDOWS


@pytest.mark.parametrize(
    "headers",
    [
        triple("100, 100;w=900, 10000;w=86400", "40", "300"),
        triple("100;w=900, 10000;w=86400", "40", "300"),
        received(("RateLimit-Policy", "10000;w=86400,100;w=900"), *three("100", "40", "300")),
        received(
            ("RateLimit", '"short";r=40;t=300'),
            ("RateLimit-Policy", '"short";q=100;w=900'),
            ("RateLimit-Policy", '"day";q=10000;w=86400'),
        ),
    ],
)
def test_a_limit_known_from_its_policy_alone_comes_last(headers: Mapping[str, str]) -> None:
    assert parse(headers) == (
        Stated(100, 40, 300.0, 900.0),
        Stated(10000, None, None, 86400.0),
    )


@pytest.mark.parametrize(
    "policy", ["100;w=900", '"short";q=100;w=900', 'short;q=100;w=900, b;q=9;qu="bytes"']
)
def test_a_policy_alone(policy: str) -> None:
    assert parse(received(("RateLimit-Policy", policy))) == (Stated(100, None, None, 900.0),)


def test_a_repeated_limit_is_one_limit() -> None:
    assert parse(triple("100, 100", "40, 40", "300, 300")) == (Stated(100, 40, 300.0, None),)


def test_a_quota_of_bytes_is_not_a_limit_of_requests() -> None:
    headers = received(
        ("RateLimit", '"volume";r=5000000;t=30, "calls";r=40;t=300'),
        ("RateLimit-Policy", '"volume";q=9000000;w=60;qu="content-bytes", "calls";q=100;w=900'),
    )
    assert parse(headers) == (Stated(100, 40, 300.0, 900.0),)


@pytest.mark.parametrize(
    ("limit", "remaining", "reset"),
    [
        ("100, 10000", "40", "300"),
        ("100, 10000", "40, 9000", "300"),
        ("100", "40, 9000", "300, 40000"),
        ("100, 100;w=900", "40, 9000", "300, 40000"),
        ("100, 200, 300", "40, 9000", "300, 40000"),
    ],
)
def test_lists_of_different_lengths_are_ignored(limit: str, remaining: str, reset: str) -> None:
    stated = [limiter for limiter in parse(triple(limit, remaining, reset)) if limiter[1:3] != (None, None)]
    assert stated == []


def test_the_most_precise_form_is_used() -> None:
    forms = [
        [("RateLimit", '"name";r=1;t=1')],
        [("RateLimit", "limit=2, remaining=2, reset=2")],
        three("3", "3", "3"),
        three("4", "4", "4", "X-RateLimit"),
        three("5", "5", "5", "X-Rate-Limit"),
    ]
    for place, count in enumerate([1, 2, 3, 4, 5]):
        (limiter,) = parse(received(*(header for form in reversed(forms[place:]) for header in form)))
        assert (limiter.remaining, limiter.reset) == (count, float(count))


def test_after_an_invalid_form_the_next_one_is_used() -> None:
    headers = received(
        ("RateLimit", "unlimited"),
        *three("none", "-", "soon"),
        *three("100", "40", "300", "X-RateLimit"),
    )
    assert parse(headers) == (Stated(100, 40, 300.0, None),)


# Malformed values

MALFORMED = [
    "", "-1", "+5", "nan", "inf", "1e400", "1e3", "0x10", "1_000", "five", "\u0661\u0662", "\u00b2", "9" * 16,
    "9" * 5000, "1.2.3", "5 seconds", '"5"', "{}", "\x00", "1" + "," * 2000,
]  # fmt: skip


@pytest.mark.parametrize("value", MALFORMED)
def test_malformed_values_are_ignored_one_by_one(value: str) -> None:
    assert parse(triple(value, "40", "300")) == (Stated(None, 40, 300.0, None),)
    assert parse(triple("100", value, "300")) == (Stated(100, None, 300.0, None),)
    assert parse(triple("100", "40", value)) == (Stated(100, 40, None, None),)


def test_a_limit_of_zero_is_ignored() -> None:
    assert parse(triple("0", "0", "300")) == (Stated(None, 0, 300.0, None),)


def test_a_malformed_value_in_a_list_keeps_its_place() -> None:
    assert parse(triple("many, 10000", "40, 9000", "300, 40000")) == (
        Stated(None, 40, 300.0, None),
        Stated(10000, 9000, 40000.0, None),
    )


# Any headers

NAMES = st.sampled_from(
    ["RateLimit", "Age", "Date"]
    + [f"{prefix}-{word}" for prefix in PREFIXES for word in ("Limit", "Remaining", "Reset", "Policy")]
)
SCRAPS = st.sampled_from(
    ["limit=", "remaining=", "reset=", ";w=", ";q=", ";r=", ";t=", ";qu=", ",", ";", '"', "\\", "=", " ", "0",
     "100", "900", str(EPOCH), "9" * 12, ".5", "name", DATE, "2026-08-09T12:00:00Z", "-", "1e400", "nan"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(SCRAPS, max_size=16).map("".join))


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=8))
def test_no_header_raises_and_every_value_is_in_range(headers: list[tuple[str, str]]) -> None:
    for limiter in (*parse(CIMultiDict(headers)), *parse(dict(headers))):
        limit, remaining, reset, window = limiter
        assert any(value is not None for value in (limit, remaining, reset))
        assert limit is None or (isinstance(limit, int) and 0 < limit < 10**15)
        assert remaining is None or (isinstance(remaining, int) and 0 <= remaining < 10**15)
        assert reset is None or 0 <= reset < FORTY_DAYS
        assert window is None or (window > 0 and math.isfinite(window))


LIMITERS = st.lists(
    st.builds(
        Stated,
        st.integers(1, 10**9),
        st.integers(0, 10**9),
        st.integers(0, FORTY_DAYS - 1).map(float),
        st.integers(1, 10**8).map(float),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda limiter: limiter.limit,
)


def joined(limiters: list[Stated], form: str) -> str:
    return ", ".join(
        form.format(
            *limiter[:2],
            reset=int(limiter.reset or 0),
            window=int(limiter.window or 0),
            epoch=EPOCH + int(limiter.reset or 0),
            date=format_datetime(ANSWERED + timedelta(seconds=limiter.reset or 0), usegmt=True),
        )
        for limiter in limiters
    )


@given(LIMITERS, st.sampled_from(PREFIXES), st.sampled_from(["{reset}", "{epoch}", "{epoch}000", "{date}"]))
def test_three_headers_round_trip(limiters: list[Stated], prefix: str, reset: str) -> None:
    headers = three(joined(limiters, "{}"), joined(limiters, "{1}"), joined(limiters, reset), prefix)
    policy = (f"{prefix}-Policy", joined(limiters, "{0};w={window}"))
    assert parse(received(policy, *headers)) == tuple(limiters)
    assert parse(received(*headers)) == tuple(limiter._replace(window=None) for limiter in limiters)


@given(LIMITERS)
def test_keyed_values_round_trip(limiters: list[Stated]) -> None:
    said = ("RateLimit", joined(limiters, "limit={}, remaining={}, reset={reset}"))
    policy = ("RateLimit-Policy", joined(limiters, "{0};w={window}"))
    assert parse(received(said, policy)) == tuple(limiters)


@given(LIMITERS, st.sampled_from(['"name {0}"', "name{0}", '"a, b; {0}"']))
def test_named_items_round_trip(limiters: list[Stated], name: str) -> None:
    said = ("RateLimit", joined(limiters, name + ";r={1};t={reset}"))
    policy = ("RateLimit-Policy", joined(limiters[::-1], name + ";q={0};w={window}"))
    assert parse(received(said, policy)) == tuple(limiters)
