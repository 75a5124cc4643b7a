"""Arguments of searches, and their form in the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec

from sessionboard_async._suggestions import did_you_mean
from sessionboard_async.core.pagination.pager import PagerOptions
from sessionboard_async.services._common.datetimes import Timestamp, iso_timestamp

SessionStatusName = Literal["accepted", "accept_queue", "pending", "decline_queue", "declined"]
"""The statuses of the API; each status that an event defines stands for one of these."""

Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at"]
"""The field to sort by; a leading minus means descending."""

StatusSort = Literal[Sort, "deleted_at", "-deleted_at"]
"""As ``Sort``, and by the time of deletion, for the search that includes deleted sessions."""

Expansion = Literal["translated_fields", "subsession_details", "linked_sources", "composition"]
"""Optional parts of records, which the API sends only on request."""


class SearchFilters(PagerOptions, total=False):
    """Keywords of every search.

    Attributes:
        created_after: Only records created after this time: an aware datetime, or an ISO 8601 string with its
            offset. The following three take the same forms.
        created_before: Only records created before this time.
        updated_after: Only records changed after this time.
        updated_before: Only records changed before this time.
        expand: Parts of the records that the API sends only on request: ``"translated_fields"``,
            ``"subsession_details"``, ``"linked_sources"`` and ``"composition"``.
    """

    created_after: Timestamp | None
    created_before: Timestamp | None
    updated_after: Timestamp | None
    updated_before: Timestamp | None
    expand: Sequence[Expansion]


class FieldSearch(SearchFilters, total=False):
    """Keywords of the search for fields.

    Attributes:
        created_after: Only records created after this time: an aware datetime, or an ISO 8601 string with its
            offset. The following three take the same forms.
        created_before: Only records created before this time.
        updated_after: Only records changed after this time.
        updated_before: Only records changed before this time.
        expand: Parts of the records that the API sends only on request: ``"translated_fields"``,
            ``"subsession_details"``, ``"linked_sources"`` and ``"composition"``.
        sort: The time to sort by, ``"created_at"`` or ``"updated_at"``; a leading minus means descending. The
            default order is not documented.
        page_size: Records per page, 1 to 100.
        limit: The most records to deliver; ``None`` for all.
        prefetch: How many pages to fetch ahead, concurrently; ``None`` for as many as hide the latency,
            ``"eager"`` for streams that are read to the end. ``PagerOptions`` describes this and the
            following in full.
        on_invalid: ``"raise"`` ends the stream at a record that cannot be decoded; ``"skip"`` leaves it out.
        consistency: ``"exact"`` reads by the time of creation, and misses no record that matches all the
            while; ``"pages"`` reads page 1, 2, 3 and so on; ``None`` for the default of the call.
        resume: Where to resume: a checkpoint of the same search.
    """

    sort: Sort | None


class RecordSearch(FieldSearch, total=False):
    """Keywords of a search.

    Attributes:
        status: Only records with this status: ``"accepted"``, ``"accept_queue"``, ``"pending"``,
            ``"decline_queue"`` or ``"declined"``.
        created_after: Only records created after this time: an aware datetime, or an ISO 8601 string with its
            offset. The following three take the same forms.
        created_before: Only records created before this time.
        updated_after: Only records changed after this time.
        updated_before: Only records changed before this time.
        expand: Parts of the records that the API sends only on request: ``"translated_fields"``,
            ``"subsession_details"``, ``"linked_sources"`` and ``"composition"``.
        sort: The time to sort by, ``"created_at"`` or ``"updated_at"``; a leading minus means descending. The
            default order is not documented.
        page_size: Records per page, 1 to 100.
        limit: The most records to deliver; ``None`` for all.
        prefetch: How many pages to fetch ahead, concurrently; ``None`` for as many as hide the latency,
            ``"eager"`` for streams that are read to the end. ``PagerOptions`` describes this and the
            following in full.
        on_invalid: ``"raise"`` ends the stream at a record that cannot be decoded; ``"skip"`` leaves it out.
        consistency: ``"exact"`` reads by the time of creation, and misses no record that matches all the
            while; ``"pages"`` reads page 1, 2, 3 and so on; ``None`` for the default of the call.
        resume: Where to resume: a checkpoint of the same search.
    """

    status: SessionStatusName | None


class StatusSearch(SearchFilters, total=False):
    """Keywords of the search for session statuses.

    Attributes:
        status: Only sessions with this status: ``"accepted"``, ``"accept_queue"``, ``"pending"``,
            ``"decline_queue"`` or ``"declined"``.
        created_after: Only records created after this time: an aware datetime, or an ISO 8601 string with its
            offset. The following three take the same forms.
        created_before: Only records created before this time.
        updated_after: Only records changed after this time.
        updated_before: Only records changed before this time.
        deleted_after: Only sessions deleted after this time.
        deleted_before: Only sessions deleted before this time.
        expand: Parts of the records that the API sends only on request: ``"translated_fields"``,
            ``"subsession_details"``, ``"linked_sources"`` and ``"composition"``.
        sort: The time to sort by, ``"created_at"``, ``"updated_at"`` or ``"deleted_at"``; a leading minus
            means descending.
        page_size: Records per page, 1 to 100.
        limit: The most records to deliver; ``None`` for all.
        prefetch: How many pages to fetch ahead, concurrently; ``None`` for as many as hide the latency,
            ``"eager"`` for streams that are read to the end. ``PagerOptions`` describes this and the
            following in full.
        on_invalid: ``"raise"`` ends the stream at a record that cannot be decoded; ``"skip"`` leaves it out.
        consistency: ``"exact"`` reads by the time of creation, and misses no record that matches all the
            while; ``"pages"`` reads page 1, 2, 3 and so on; ``None`` for the default of the call.
        resume: Where to resume: a checkpoint of the same search.
    """

    status: SessionStatusName | None
    deleted_after: Timestamp | None
    deleted_before: Timestamp | None
    sort: StatusSort | None


class SearchKind(msgspec.Struct, frozen=True):
    """The keywords and sorts of a kind of search.

    Attributes:
        keywords: Its keyword arguments.
        sorts: Its sorts.
    """

    keywords: frozenset[str]
    sorts: tuple[str, ...]


RECORD_SEARCH = SearchKind(RecordSearch.__optional_keys__, get_args(Sort))
FIELD_SEARCH = SearchKind(FieldSearch.__optional_keys__, get_args(Sort))
STATUS_SEARCH = SearchKind(StatusSearch.__optional_keys__, get_args(StatusSort))

_SORT_FIELDS = {"created_at": "createdAt", "updated_at": "updatedAt", "deleted_at": "deletedAt"}


def search_body(
    kind: SearchKind, search: Mapping[str, Any], more_filters: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return the body of a search, without the values that are ``None``.

    Args:
        kind: The kind of search.
        search: The keywords that were passed; paging is ignored.
        more_filters: Filters of this search only, under the API's names.

    Raises:
        ValueError: If a value is not one that the API knows, or a time has no offset.
        TypeError: If a keyword is unknown, or a value has the wrong type.
    """
    if unknown := search.keys() - kind.keywords:
        raise TypeError(f"a search takes no {listed(unknown)}{did_you_mean(unknown, kind.keywords)}")
    status, sort, expand = search.get("status"), search.get("sort"), search.get("expand")
    filters = {
        "status": None if status is None else one_of("status", status, get_args(SessionStatusName)),
        "createdAt": _range("created", search),
        "updatedAt": _range("updated", search),
        "deletedAt": _range("deleted", search),
        **(more_filters or {}),
    }
    parts = {
        "filters": {name: value for name, value in filters.items() if value is not None},
        "sort": None if sort is None else _sort(one_of("sort", sort, kind.sorts)),
        "expand": expansions(() if expand is None else expand),
    }
    return {name: part for name, part in parts.items() if part}


def listed(names: Iterable[object]) -> str:
    """Return names for a message, sorted; those that are no keywords as Python writes them."""
    return ", ".join(
        sorted(name if isinstance(name, str) and name.isidentifier() else repr(name) for name in names)
    )


def one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return a value unchanged if it is allowed.

    Raises:
        ValueError: If it is not allowed; names the allowed values.
    """
    if value not in allowed:
        question = did_you_mean([value], allowed)
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}{question}")
    return value


def expansions(expand: Sequence[Expansion]) -> list[str]:
    """Return expansions in the form of the API, each once.

    Raises:
        TypeError: If it is a string and not a sequence of strings.
        ValueError: If an expansion is not one that the API knows.
    """
    if isinstance(expand, str):
        raise TypeError(f"expand must be a sequence of strings: write [{expand!r}]")
    return list(dict.fromkeys(one_of("expand", name, get_args(Expansion)) for name in expand))


def _range(name: str, search: Mapping[str, Any]) -> dict[str, str] | None:
    bounds = {
        bound: iso_timestamp(f"{name}_{bound}", value)
        for bound in ("after", "before")
        if (value := search.get(f"{name}_{bound}")) is not None
    }
    return bounds or None


def _sort(sort: str) -> dict[str, str]:
    # The API calls the field to sort by `order`, and the direction `sort`.
    return {"order": _SORT_FIELDS[sort.removeprefix("-")], "sort": "desc" if sort.startswith("-") else "asc"}
