"""Pages to serve, recorded once over HTTP from the embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from sessionboard_async import AsyncSession
from sessionboard_async.export.resources import RESOURCES, event_search
from sessionboard_async.testing import EmbeddedServer

RECORDED_PAGES = 40
"""The number of different pages; longer streams repeat them with other ids."""

RECORDS_PER_PAGE = 100

PATHS: dict[str, str] = {resource: resource for resource in RESOURCES} | {"statuses": "session-statuses"}
"""The names of the resources of an event in the paths of their searches."""

_MOST = {"contacts": 2_000, "speakers": 600}
_ID_LENGTH = 36


class RecordedPage:
    """The records of one page as JSON, to be served as any page of a stream of any length.

    Args:
        records: The array of records, exactly as the embedded server encoded it.
    """

    def __init__(self, records: bytes) -> None:
        self.records = records
        self._id_positions = tuple(_positions_of_ids(records))

    def as_page(self, number: int, of: int) -> bytes:
        """Return the complete answer for one page, with ids that no other page has."""
        records = bytearray(self.records)
        mark = b"%08x" % number
        for position in self._id_positions:
            records[position : position + len(mark)] = mark
        pagination = msgspec.json.encode(
            {
                "currentPage": number,
                "pageSize": RECORDS_PER_PAGE,
                "totalPages": of,
                "totalResults": of * RECORDS_PER_PAGE,
            }
        )
        return b"".join((b'{"results":', records, b',"pagination":', pagination, b"}"))


def _positions_of_ids(records: bytes) -> Iterator[int]:
    start = 0
    for record in msgspec.json.decode(records, type=list[msgspec.Raw]):
        text = bytes(record)
        id_ = msgspec.json.decode(text)["id"].encode()
        if len(id_) != _ID_LENGTH:
            raise ValueError("the ids are not UUIDs: page numbers cannot be written into them")
        start = records.index(text, start)
        yield start + text.index(id_)
        start += len(text)


async def record() -> bytes:
    """Record the resources of an event of the embedded server, in the format that ``recorded`` reads."""
    async with (
        EmbeddedServer(sessions=RECORDED_PAGES * RECORDS_PER_PAGE, compress=False) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        recording: dict[str, list[Any]] = {}
        for resource, path in PATHS.items():
            search = event_search(sb, resource)
            # Full pages: those of exact reading overlap, and leave out what came before.
            pager = search(
                server.event_id,
                page_size=RECORDS_PER_PAGE,
                limit=_MOST.get(resource),
                consistency="pages",
            )
            recording[path] = [page.results async for page in pager.raw_json().pages()]
        return msgspec.json.encode(recording)


def recorded(file: Path) -> list[RecordedPage]:
    """Read the pages of sessions recorded by ``record``."""
    pages = msgspec.json.decode(file.read_bytes(), type=dict[str, list[msgspec.Raw]])["sessions"]
    return [RecordedPage(bytes(page)) for page in pages]


def recorded_records(file: Path) -> dict[str, list[msgspec.Raw]]:
    """Read all records of each resource, by its name in paths."""
    pages = msgspec.json.decode(file.read_bytes(), type=dict[str, list[list[msgspec.Raw]]])
    return {path: [*chain.from_iterable(found)] for path, found in pages.items()}
