"""Rate-limit headers of a response, in every common form. Without I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import zip_longest
from typing import NamedTuple

from sessionboard_async.core.http.response import http_date


class RateLimitHeaders(NamedTuple):
    """One limit as a response reports it.

    Attributes:
        limit: Requests per window.
        remaining: Requests left in this window.
        reset: Seconds from the response until the window ends, 0 or more.
        window: Length of the window in seconds, if a policy states it.
    """

    limit: int | None
    remaining: int | None
    reset: float | None
    window: float | None


class _Item(NamedTuple):
    """One member of a list of structured fields: ``head;key=value``."""

    head: str
    parameters: dict[str, str]


class _Policy(NamedTuple):
    name: str
    limit: int | None
    window: float | None
    counts_requests: bool = True


_Lines = Callable[[str, list[str]], list[str]]
_Seconds = Callable[[str], float | None]
_Policies = tuple[_Policy, ...]

_LIMIT, _REMAINING, _RESET, _POLICY, _STRUCTURED = (
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-policy",
    "ratelimit",
)
_PREFIXES = ("ratelimit", "x-ratelimit", "x-rate-limit")
# The most common come first: the search ends with the first one found.
_NAMES = (
    *(f"{prefix}-{word}" for prefix in _PREFIXES for word in ("limit", "remaining", "reset", "policy")),
    _STRUCTURED,
)
_NO_LINES: list[str] = []

_LONGEST_HEADER = 1000
_LONGEST_RESET = 40 * 86400.0
_LONGEST_WINDOW = 1e9
_FIRST_EPOCH_SECOND = 1e9
_FIRST_EPOCH_MILLISECOND = 1e11
# Of three plain numbers together: then none of them is too long.
_LONGEST_PLAIN = 15

_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ].{4,40}", re.ASCII)
_MORE_THAN_ZERO = re.compile(r"\s*[0.]*[1-9]", re.ASCII)
_BETWEEN_ITEMS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",])+')
_BETWEEN_PARAMETERS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^";])+')
_COMMA_OUTSIDE_A_DATE = re.compile(r",(?!\s*\d{1,2}[ -][A-Za-z]{3}[ -])", re.ASCII)


def parse_rate_limit_headers(
    headers: Mapping[str, str], *, now: datetime | None = None
) -> tuple[RateLimitHeaders, ...]:
    """Parse the rate-limit headers of a response.

    These forms are tried in order, and the first that states anything is used: ``RateLimit: "name";r=50``
    and ``RateLimit: limit=100`` of the later IETF drafts, ``RateLimit-Limit`` and its siblings of the earlier
    ones, ``X-RateLimit-`` and ``X-Rate-Limit-``, each with its policy header. Invalid values are ignored one
    by one, lists of different lengths as a whole, because their items cannot be matched.

    Args:
        headers: The headers of the response, names in any case.
        now: The local time. Used only for a reset given as a date, and only if the response has no valid
            ``Date``, because the local clock may be wrong.

    Returns:
        The limits with their state, then those known from a policy alone. Empty if the headers state none, or
        if ``Age`` shows that the response comes from a cache and is out of date.
    """
    getall: _Lines | None = getattr(headers, "getall", None)
    if getall is None:
        folded = _folded(headers)
        headers, getall = {name: values[0] for name, values in folded.items()}, folded.get
    limit = getall(_LIMIT, _NO_LINES)
    if not limit:
        for name in _NAMES:
            if name in headers:
                break
        else:
            return ()
    if "age" in headers and _MORE_THAN_ZERO.match(headers["age"]):
        return ()
    if _POLICY not in headers and _STRUCTURED not in headers:
        plain = _plain(limit, getall(_REMAINING, _NO_LINES), getall(_RESET, _NO_LINES))
        if plain is not None:
            return (plain,)
    reset = partial(_reset, date=headers.get("date", ""), now=now)
    return tuple(dict.fromkeys(_in_any_form(partial(_text, getall), reset)))


def _text(getall: _Lines, name: str) -> str:
    """Join the lines of a header; empty if they are too long to be meant seriously."""
    text = ",".join(getall(name, _NO_LINES))
    return text if len(text) <= _LONGEST_HEADER else ""


def _folded(headers: Mapping[str, str]) -> dict[str, list[str]]:
    folded: dict[str, list[str]] = {}
    for name, value in headers.items():
        folded.setdefault(name.lower(), []).append(value)
    return folded


def _plain(limit: list[str], remaining: list[str], reset: list[str]) -> RateLimitHeaders | None:
    """Parse the most common form directly: one header each, whole numbers, delta seconds."""
    if not (len(limit) == len(remaining) == len(reset) == 1):
        return None
    first, second, third = limit[0], remaining[0], reset[0]
    digits = first + second + third
    if not (first and second and third and len(digits) <= _LONGEST_PLAIN):
        return None
    if not (digits.isascii() and digits.isdigit()):
        return None
    requests, seconds = int(first), float(third)
    return (
        RateLimitHeaders(requests, int(second), seconds, None)
        if requests and seconds < _LONGEST_RESET
        else None
    )


def _in_any_form(text: Callable[[str], str], reset: _Seconds) -> list[RateLimitHeaders]:
    policies = _policies(text(_POLICY))
    items = _items(text(_STRUCTURED))
    found = _named(items, policies, reset) or _keyed(items, policies, reset)
    every = policies
    for prefix in _PREFIXES:
        if found:
            return found
        own = _policies(text(f"{prefix}-policy"))
        every += own
        found = _stacked(
            _items(text(f"{prefix}-limit")),
            [item.head for item in _items(text(f"{prefix}-remaining"))],
            [item for item in _COMMA_OUTSIDE_A_DATE.split(text(f"{prefix}-reset")) if item.strip()],
            own or policies,
            reset,
        )
    return found or _policies_alone(every)


def _named(items: list[_Item], policies: _Policies, reset: _Seconds) -> list[RateLimitHeaders]:
    """Parse ``"name";r=50;t=30``, each joined with the policy of the same name."""
    found: list[RateLimitHeaders] = []
    names: set[str] = set()
    for head, parameters in items:
        remaining, seconds = _count(parameters.get("r", "")), reset(parameters.get("t", ""))
        if remaining is None and seconds is None:
            continue
        name = _unquoted(head)
        names.add(name)
        own = {policy for policy in policies if policy.name == name}
        if all(policy.counts_requests for policy in own):
            _, limit, window, _ = own.pop() if len(own) == 1 else _Policy(name, None, None)
            found.append(RateLimitHeaders(limit, remaining, seconds, window))
    return found and found + _policies_alone(policy for policy in policies if policy.name not in names)


def _keyed(items: list[_Item], policies: _Policies, reset: _Seconds) -> list[RateLimitHeaders]:
    """Parse ``limit=100, remaining=50, reset=5``."""
    values: dict[str, list[_Item]] = {"limit": [], "remaining": [], "reset": []}
    for head, parameters in items:
        key, _, value = head.partition("=")
        values.get(key.strip().lower(), []).append(_Item(value.strip(), parameters))
    remaining, seconds = ([item.head for item in values[key]] for key in ("remaining", "reset"))
    return _stacked(values["limit"], remaining, seconds, policies, reset)


def _stacked(
    limits: list[_Item],
    remaining: list[str],
    resets: list[str],
    policies: _Policies,
    reset: _Seconds,
) -> list[RateLimitHeaders]:
    """Join three lists, with one place per limit, and the policies of the same limits.

    A list of limits may contain policies: ``100, 100;w=900, 10000;w=86400`` is a limit and two policies.
    """
    lengths = {len(values) for values in (remaining, resets) if values}
    bare = [item for item in limits if "w" not in item.parameters]
    own = bare or (limits if {len(limits)} == lengths else limits[:1])
    if len(lengths.union([len(own)] if own else ())) != 1:
        return []
    policies = (*(_policy(item) for item in limits if item not in bare), *policies)
    stated: list[RateLimitHeaders] = []
    for item, left, end in zip_longest(own, remaining, resets):
        limit = _limit(item.head) if item else None
        windows = {policy.window for policy in policies if policy.limit == limit and policy.counts_requests}
        window = _window(item.parameters.get("w", "")) if item else None
        if window is None and limit is not None and len(windows) == 1:
            window = windows.pop()
        row = RateLimitHeaders(limit, _count(left or ""), reset(end or ""), window)
        if row[:3] != (None, None, None):
            stated.append(row)
    stated_limits = {row.limit for row in stated}
    return stated and stated + _policies_alone(
        policy for policy in policies if policy.limit not in stated_limits
    )


def _policies_alone(policies: Iterable[_Policy]) -> list[RateLimitHeaders]:
    return [
        RateLimitHeaders(policy.limit, None, None, policy.window)
        for policy in policies
        if policy.limit is not None and policy.counts_requests
    ]


# A server sends the same policy in every response.
@lru_cache(maxsize=64)
def _policies(text: str) -> _Policies:
    return tuple(_policy(item) for item in _items(text))


def _policy(item: _Item) -> _Policy:
    """Parse ``100;w=900`` or ``"name";q=100;w=900``; a quota of bytes does not count requests."""
    head, parameters = item
    return _Policy(
        _unquoted(head),
        _limit(parameters.get("q", head)),
        _window(parameters.get("w", "")),
        _unquoted(parameters.get("qu", "requests")).lower() == "requests",
    )


def _items(text: str) -> list[_Item]:
    items: list[_Item] = []
    for item in _BETWEEN_ITEMS.findall(text):
        head, *rest = [part.strip() for part in _BETWEEN_PARAMETERS.findall(item)] or [""]
        pairs = (part.partition("=") for part in rest)
        if head:
            items.append(_Item(head, {key.strip().lower(): value.strip() for key, _, value in pairs}))
    return items


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _count(text: str) -> int | None:
    number = _number(text)
    return None if number is None else int(number)


def _limit(text: str) -> int | None:
    return _count(text) or None


def _window(text: str) -> float | None:
    number = _number(text)
    return number if number and number < _LONGEST_WINDOW else None


def _reset(text: str, *, date: str, now: datetime | None) -> float | None:
    text = text.strip()
    number = _number(text)
    if number is not None and number < _LONGEST_RESET:
        return number
    until = _timestamp(text) if number is None else _epoch_seconds(number)
    if until is None:
        return None
    responded = http_date(date) or now or datetime.now(UTC)
    seconds = max(0.0, until - responded.timestamp())
    return seconds if seconds < _LONGEST_RESET else None


def _epoch_seconds(number: float) -> float | None:
    if number < _FIRST_EPOCH_SECOND:
        return None
    return number if number < _FIRST_EPOCH_MILLISECOND else number / 1000


def _timestamp(text: str) -> float | None:
    """Parse an ISO date or an HTTP date as seconds since the epoch."""
    date = _iso_date(text) if _ISO_DATE.fullmatch(text) else http_date(text)
    return None if date is None else date.timestamp()


def _iso_date(text: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
