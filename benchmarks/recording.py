"""Pages to serve, recorded once over HTTP from the embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from sessionboard_async import AsyncSession
from sessionboard_async.testing import EmbeddedServer

RECORDED_PAGES = 40
"""The number of different pages; longer streams repeat them with other ids."""

RECORDS_PER_PAGE = 100

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
    """Record pages of sessions from the embedded server, in the format that ``recorded`` reads."""
    async with (
        EmbeddedServer(sessions=RECORDED_PAGES * RECORDS_PER_PAGE, compress=False) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        pager = sb.sessions.search(server.event_id, page_size=RECORDS_PER_PAGE, consistency="pages")
        pages = pager.raw_json().pages()
        return msgspec.json.encode([page.results async for page in pages])


def recorded(file: Path) -> list[RecordedPage]:
    """Read the pages recorded by ``record``."""
    pages = msgspec.json.decode(file.read_bytes(), type=list[msgspec.Raw])
    return [RecordedPage(bytes(page)) for page in pages]
