"""The progress of an iteration, and the checkpoints that hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE
from sessionboard_async.core.pagination.checkpoints.checkpoint import (
    damaged_checkpoint,
    digest,
    read_progress,
)
from sessionboard_async.core.pagination.query import PagedQuery

# Checked when a checkpoint is read: it comes from outside, and may be damaged.
_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999, which dates can hold, in milliseconds since 1970."""
_After = Annotated[int, msgspec.Meta(ge=_EARLIEST - 10_000, le=_LATEST)]
_Before = Annotated[int, msgspec.Meta(ge=_EARLIEST, le=_LATEST + 600_000)]
_PageNumber = Annotated[int, msgspec.Meta(ge=1, le=LAST_SERVED_PAGE + 1)]
_PageNumbers = Annotated[tuple[_PageNumber, ...], msgspec.Meta(max_length=LAST_SERVED_PAGE)]
_PageSize = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class StreamProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The progress of an iteration.

    Attributes:
        done: Whether the iteration has ended.
        after: Everything older than this timestamp was delivered, in milliseconds since 1970.
        before: The timestamp at which reading ends.
        page: The next page, for numbered pagination.
        page_size: Records per page, for numbered pagination.
        recent_ids: The ids of records that were delivered and may be returned again.
        missing_pages: Earlier pages to request again, since they held no records, for numbered pagination.
        delivered: The number of records delivered.
    """

    done: bool = False
    after: _After | None = None
    before: _Before | None = None
    page: _PageNumber | None = None
    page_size: _PageSize | None = None
    recent_ids: tuple[str, ...] = ()
    missing_pages: _PageNumbers = ()
    delivered: _Count = 0


def read_checkpoint(checkpoint: object, query: PagedQuery, consistency: str) -> StreamProgress:
    """Return the progress that a checkpoint holds.

    Raises:
        TypeError: If the value is no checkpoint.
        ValueError: If it is damaged, finished, or belongs to another query, by its differences.
    """
    expected = checkpoint_query(query, consistency)
    progress = read_progress(checkpoint, expected, StreamProgress, hashed=_HASHED)
    if progress.after is not None and progress.before is not None and progress.after > progress.before:
        raise damaged_checkpoint("it ends before it begins")
    if (progress.page is None) != (progress.page_size is None):
        raise damaged_checkpoint("it has a page or a page size without the other")
    if progress.page is None and consistency == "pages" and progress != StreamProgress():
        raise damaged_checkpoint("it has no page")
    return progress


_HASHED = ("filters", "arguments")


def checkpoint_query(query: PagedQuery, consistency: str) -> Mapping[str, str | list[str]]:
    """Return what a checkpoint of a query belongs to."""
    search = query.search
    rest = {name: part for name, part in search.items() if name not in {"filters", "sort", "expand"}}
    return {
        "operation": query.endpoint.operation_id,
        **{name: str(value) for name, value in query.path.items()},
        "filters": digest(search.get("filters") or {}),
        "arguments": digest({**rest, **query.query}),
        "sort": "{order} {sort}".format_map(search["sort"]) if "sort" in search else "none",
        "expand": sorted(search.get("expand") or ()),
        "consistency": consistency,
    }
