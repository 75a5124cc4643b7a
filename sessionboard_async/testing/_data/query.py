"""Page, filters, order and expansions of a request: strict parsing, and selection of rows.

Unknown names are answered with 400, so that a mistyped filter fails a test instead of matching everything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import ge, gt, le, lt
from typing import TypeVar

import msgspec
from multidict import MultiMapping

from sessionboard_async.testing._data.errors import RequestError

Row = TypeVar("Row")

LAST_PAGE = 999
LARGEST_PAGE = 100
DEFAULT_PAGE_SIZE = 25
STATUSES = ("accepted", "accept_queue", "pending", "decline_queue", "declined")
EXPANSIONS = ("translated_fields", "subsession_details", "linked_sources", "composition")

_MOST_DIGITS = 18
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class TimeRange:
    """A filter by time: an attribute between two timestamps."""

    attribute: str


@dataclass(frozen=True)
class OneOf:
    """A filter by one of several words; without an attribute, every row matches a valid word."""

    attribute: str | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class Flag:
    """A filter by true or false."""

    attribute: str


FilterKinds = Mapping[str, TimeRange | OneOf | Flag]

_TIMES: FilterKinds = {"createdAt": TimeRange("created"), "updatedAt": TimeRange("updated")}
_STATUS = OneOf("status", STATUSES)
RECORD_FILTERS: FilterKinds = {**_TIMES, "status": OneOf(None, STATUSES)}
SESSION_FILTERS: FilterKinds = {**_TIMES, "status": _STATUS, "isAbstract": Flag("is_abstract")}
STATUS_FILTERS: FilterKinds = {**_TIMES, "status": _STATUS, "deletedAt": TimeRange("deleted")}
FIELD_FILTERS: FilterKinds = {
    **_TIMES,
    "module": OneOf("module", ("session", "account", "contact")),
    "source": OneOf("source", ("standard", "custom")),
    "scope": OneOf("scope", ("global", "event")),
}


@dataclass(frozen=True)
class Criteria:
    """Filters and order of a selection.

    Attributes:
        equal: Attributes and their required values.
        after: Attributes and exclusive lower bounds in milliseconds since 1970, precise to the microsecond.
        before: Attributes and exclusive upper bounds in milliseconds since 1970, precise to the microsecond.
        order: The attribute to sort by; rows with equal values keep their order, rows without one come last.
        descending: Sort the greatest value first.
        inclusive: Include values equal to a bound.
    """

    equal: tuple[tuple[str, object], ...] = ()
    after: tuple[tuple[str, float], ...] = ()
    before: tuple[tuple[str, float], ...] = ()
    order: str = "created"
    descending: bool = True
    inclusive: bool = False


def select(rows: Iterable[Row], criteria: Criteria) -> list[Row]:
    """Return the rows that meet the criteria, in their order."""
    is_after, is_before = (ge, le) if criteria.inclusive else (gt, lt)
    chosen = list(rows)
    for name, value in criteria.equal:
        chosen = [row for row in chosen if getattr(row, name) == value]
    for name, bound in criteria.after:
        chosen = [
            row
            for row in chosen
            if (timestamp := getattr(row, name)) is not None and is_after(timestamp, bound)
        ]
    for name, bound in criteria.before:
        chosen = [
            row
            for row in chosen
            if (timestamp := getattr(row, name)) is not None and is_before(timestamp, bound)
        ]
    order = criteria.order
    with_value = [row for row in chosen if getattr(row, order) is not None]
    without_value = [row for row in chosen if getattr(row, order) is None]
    with_value.sort(key=lambda row: getattr(row, order), reverse=criteria.descending)
    return with_value + without_value


@dataclass(frozen=True)
class PageRequest:
    """The number of a page and its size."""

    number: int
    size: int

    def of(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows on this page; none past the last page."""
        return rows[(self.number - 1) * self.size : self.number * self.size]

    def pagination(self, total: int) -> dict[str, object]:
        """Return the pagination object in the spelling of searches and ``GET /v1/events``."""
        return {
            "currentPage": self.number,
            "pageSize": self.size,
            "totalPages": math.ceil(total / self.size),
            "totalResults": total,
        }

    def snake_pagination(self, total: int) -> dict[str, object]:
        """Return the pagination object in the spelling of ``GET …/sessions``."""
        return dict(
            zip(
                ("current_page", "page_size", "total_pages", "total_results"),
                self.pagination(total).values(),
                strict=True,
            )
        )


def read_page(query: MultiMapping[str], *, size_name: str = "pageSize") -> PageRequest:
    """Read the requested page from the query."""
    return PageRequest(
        _whole_number(query, "page", 1, LAST_PAGE),
        _whole_number(query, size_name, DEFAULT_PAGE_SIZE, LARGEST_PAGE),
    )


def _whole_number(query: MultiMapping[str], name: str, default: int, greatest: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    number = whole_number(text)
    if number is None or not 1 <= number <= greatest:
        raise RequestError(400, f"{name} must be a whole number from 1 to {greatest}")
    return number


def whole_number(text: str) -> int | None:
    """Read a whole number of at most 18 digits; ``None`` if the text is not one."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


def refuse_unknown(query: MultiMapping[str], known: Sequence[str]) -> None:
    """Refuse unknown query parameters."""
    for name in query:
        if name not in known:
            raise RequestError(
                400, f"unknown query parameter {name!r}; this operation accepts {', '.join(known)}"
            )


def read_flag(query: MultiMapping[str], name: str) -> bool | None:
    """Read ``true`` or ``false`` from the query; ``None`` if it is missing."""
    text = query.get(name)
    if text is None:
        return None
    return read_word(text, name, ("true", "false")) == "true"


def read_id(query: MultiMapping[str], name: str) -> str | None:
    """Read an id from the query; ``None`` if it is missing."""
    text = query.get(name)
    if text is not None and not is_uuid(text):
        raise RequestError(400, f"{name} must be a UUID")
    return text


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID in its usual form, with hyphens."""
    return _UUID.fullmatch(text) is not None


def read_word(value: object, name: str, words: Sequence[str]) -> str:
    """Check that a value is one of the words."""
    if not isinstance(value, str) or value not in words:
        raise RequestError(400, f"{name} must be one of {', '.join(words)}")
    return value


def read_expansions(values: Iterable[object]) -> frozenset[str]:
    """Read the names of expansions."""
    return frozenset(read_word(value, "expand", EXPANSIONS) for value in values)


def expansions_of(query: MultiMapping[str]) -> frozenset[str]:
    """Read expansions from the query, either repeated or separated by commas."""
    return read_expansions(
        name for text in query.getall("expand", []) for name in text.split(",") if name.strip()
    )


class _SearchBody(msgspec.Struct, forbid_unknown_fields=True):
    filters: dict[str, object] = {}
    sort: dict[str, object] = {}
    expand: list[str] = []


class _Bounds(msgspec.Struct, forbid_unknown_fields=True):
    after: str | msgspec.UnsetType = msgspec.UNSET
    before: str | msgspec.UnsetType = msgspec.UNSET


_search_body = msgspec.json.Decoder(_SearchBody)


def read_search(
    body: bytes, filters: FilterKinds, *, inclusive: bool = False
) -> tuple[Criteria, frozenset[str]]:
    """Read the body of a search; an empty body selects everything.

    Args:
        body: The bytes of the body.
        filters: The filters of the operation.
        inclusive: Whether time bounds are inclusive.

    Returns:
        The criteria, and the expansions.
    """
    try:
        search = _search_body.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, f"the body is not a search: {error}") from None
    equal: list[tuple[str, object]] = []
    after: list[tuple[str, float]] = []
    before: list[tuple[str, float]] = []
    for name, value in search.filters.items():
        match filters.get(name):
            case OneOf(attribute, words):
                word = read_word(value, f"filters.{name}", words)
                if attribute is not None:
                    equal.append((attribute, word))
            case Flag(attribute):
                if not isinstance(value, bool):
                    raise RequestError(400, f"filters.{name} must be true or false")
                equal.append((attribute, value))
            case TimeRange(attribute):
                since, until = _read_time_range(value, f"filters.{name}")
                if since is not None:
                    after.append((attribute, since))
                if until is not None:
                    before.append((attribute, until))
            case None:
                raise RequestError(
                    400, f"unknown filter {name!r}; this operation accepts {', '.join(filters)}"
                )
    order, descending = _read_sort(search.sort, filters)
    criteria = Criteria(tuple(equal), tuple(after), tuple(before), order, descending, inclusive)
    return criteria, read_expansions(search.expand)


def _read_time_range(value: object, name: str) -> tuple[float | None, float | None]:
    try:
        bounds = msgspec.convert(value, _Bounds)
    except msgspec.ValidationError:
        raise RequestError(400, f"{name} must be an object with after, before or both") from None
    since = None if bounds.after is msgspec.UNSET else _since_1970(bounds.after, f"{name}.after")
    until = None if bounds.before is msgspec.UNSET else _since_1970(bounds.before, f"{name}.before")
    return (
        None if since is None else since / _MILLISECOND,
        None if until is None else until / _MILLISECOND,
    )


def read_timestamp(value: object, name: str) -> int:
    """Read a timestamp, in whole milliseconds since 1970."""
    return _since_1970(value, name) // _MILLISECOND


def _since_1970(value: object, name: str) -> timedelta:
    try:
        timestamp = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
        # In UTC, the first and the last hours of the calendar may be out of range.
        in_utc = None if timestamp is None or timestamp.tzinfo is None else timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        in_utc = None
    if in_utc is None:
        raise RequestError(400, f"{name} must be a date-time with an offset, such as 2026-08-01T00:00:00Z")
    return in_utc - _EPOCH


def _read_sort(sort: Mapping[str, object], filters: FilterKinds) -> tuple[str, bool]:
    orders = {name: kind.attribute for name, kind in filters.items() if isinstance(kind, TimeRange)}
    for name in sort:
        read_word(name, "the keys of sort", ("order", "sort"))
    order = read_word(sort.get("order", "createdAt"), "sort.order", tuple(orders))
    direction = read_word(sort.get("sort", "desc"), "sort.sort", ("asc", "desc"))
    return orders[order], direction == "desc"
