"""Find out why a comparison did not find records that were reported before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import aclosing
from typing import Any, Literal, TypeVar

import msgspec

from sessionboard_async.change_feed.source import FeedSource
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.core.pagination.record_keys import id_getter, id_text
from sessionboard_async.errors import APIError, NotFoundError, RateLimitWaitExceeded
from sessionboard_async.services._common.crud import RetrieveService

R = TypeVar("R")
T = TypeVar("T")

Finding = Literal["exists", "deleted", "not_found"]
"""``"not_found"``: no search finds it, which alone does not prove that it is deleted."""

_MOST_RETRIEVED = 10
"""Retrieving one record counts against a rate limit of 100 in 15 minutes; searches have none."""

_OTHER_PAGE_SIZE = 99
"""The comparison used full pages: a cache must not repeat its answers."""


class _Identified(msgspec.Struct, gc=False):
    """A record of which only the id is read, whatever its form."""

    id: object = None


_UNUSABLE = frozenset({400, 403, 404, 405, 422, 501})


def _is_unusable(error: APIError) -> bool:
    """Return whether the API itself refuses a look-up; the page of a firewall says nothing of a record."""
    return error.from_api and error.status in _UNUSABLE


async def look_up(source: FeedSource, resource: str, ids: Iterable[str]) -> dict[str, Finding]:
    """Look up missing records; those that could not be looked up in this run are left out."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    service = source.service(resource)
    if not isinstance(service, RetrieveService):
        return await _list(service.list(source.event_id), wanted)
    found = await _retrieve(service, source, wanted[:_MOST_RETRIEVED])
    if len(wanted) > _MOST_RETRIEVED:
        searched = await _search(source, resource, wanted)
        # Retrieving some of them shows whether the search can be believed.
        checks = {(searched.get(id_), finding) for id_, finding in found.items()}
        not_found = [id_ for id_, finding in searched.items() if finding == "not_found"]
        for id_ in not_found:
            if ("not_found", "exists") in checks:
                del searched[id_]
            elif ("not_found", "deleted") in checks:
                searched[id_] = "deleted"
        found = searched | found
    return found


async def _list(pager: Pager[Any], ids: Iterable[str]) -> dict[str, Finding]:
    try:
        listed, is_complete = await _ids(pager)
    except APIError as error:
        if not _is_unusable(error):
            raise
        return {}
    except RateLimitWaitExceeded:
        return {}
    known = ids if is_complete else listed.intersection(ids)
    return {id_: "exists" if id_ in listed else "deleted" for id_ in known}


async def _retrieve(
    service: RetrieveService[Any, Any], source: FeedSource, ids: Iterable[str]
) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for id_ in ids:
        try:
            record = await service.get(source.event_id, id_)
        except APIError as error:
            if not _is_unusable(error):
                raise
            if isinstance(error, NotFoundError):
                found[id_] = "deleted"
        except RateLimitWaitExceeded:
            # The next comparison looks up the rest.
            break
        except ValueError:
            # An id such as ".." cannot be part of a path.
            continue
        else:
            # Some servers still return a deleted session.
            found[id_] = "exists" if getattr(record, "deleted_at", None) is None else "deleted"
    return found


async def _search(source: FeedSource, resource: str, ids: Collection[str]) -> dict[str, Finding]:
    if resource == "sessions":
        try:
            return await _search_statuses(source, ids)
        except APIError as error:
            if not _is_unusable(error):
                raise
        pager = source.everything(resource, page_size=_OTHER_PAGE_SIZE, expand=["linked_sources"])
    else:
        pager = source.everything(resource, page_size=_OTHER_PAGE_SIZE)
    existing, is_complete = await _ids(pager.into(_Identified))
    known = ids if is_complete else existing.intersection(ids)
    return {id_: "exists" if id_ in existing else "not_found" for id_ in known}


async def _search_statuses(source: FeedSource, ids: Collection[str]) -> dict[str, Finding]:
    rows, is_complete = await _read(
        source.statuses(page_size=_OTHER_PAGE_SIZE), lambda row: (row.id, row.deleted_at is not None)
    )
    are_deleted = dict(rows)
    found: dict[str, Finding] = {}
    for id_ in ids:
        if id_ in are_deleted:
            found[id_] = "deleted" if are_deleted[id_] else "exists"
        elif is_complete:
            found[id_] = "not_found"
    return found


async def _ids(pager: Pager[Any]) -> tuple[set[str], bool]:
    id_of = id_getter(pager.record)
    ids, is_complete = await _read(pager, lambda record: id_text(id_of(record)))
    return set(ids), is_complete


async def _read(pager: Pager[R], part: Callable[[R], T]) -> tuple[list[T], bool]:
    """Return a part of each record, and whether there are as many as the first page reported.

    A token may not see all records: without the others, nothing is known of an id that is not found.
    """
    parts: list[T] = []
    total: int | None = None
    async with aclosing(pager.pages()) as pages:
        async for page in pages:
            if total is None and page.pagination is not None:
                total = page.pagination.total_results
            parts += map(part, page.results)
    return parts, total is None or len(parts) >= total
