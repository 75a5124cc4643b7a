"""A small API whose records, answers and ``Date`` headers are as a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.http_server import byte_server, read_request

Record = dict[str, Any]
Answer = tuple[int, object]

_FIELDS = {"createdAt": "created_at", "updatedAt": "updated_at", "deletedAt": "deleted_at"}


class RecordsAPI:
    """Searches, lists and single records of one event.

    Attributes:
        records: By resource, its records in any order.
        deleted: Sessions that are deleted.
        date: The ``Date`` header of each answer; ``None`` for none.
        override: Returns the answer to a request with a method, a path inside the event, and a body; ``None``
            for the usual answer. A ``str`` is sent as an HTML page, anything else as JSON.
        events: The list of events.
        requests: The requests, such as ``"POST rooms"``.
        base_url: The address.
    """

    def __init__(self, **records: list[Record]) -> None:
        self.records = records
        self.deleted: list[Record] = []
        self.events: list[Record] = [{"id": 1, "name": "An event", "timezone": "Europe/Paris"}]
        self.date: str | None = None
        self.override: Callable[[str, str, Record], Answer | None] = lambda *_: None
        self.requests: list[str] = []
        self.base_url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RecordsAPI]:
        async with byte_server(self._talk) as self.base_url:
            yield self

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _, body = (await read_request(reader)).partition(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            url = urlsplit(target)
            path = "/".join(map(unquote, url.path.split("/")[4:]))
            self.requests.append(f"{method} {path}")
            given = json.loads(body) if body else {}
            status, content = self.override(method, path, given) or self._answer(
                method, path, url.query, given
            )
            is_page = isinstance(content, str)
            sent = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            lines = [
                f"HTTP/1.1 {status} Answer",
                f"Content-Type: {'text/html' if is_page else 'application/json'}",
                f"Content-Length: {len(sent)}",
                *([] if self.date is None else [f"Date: {self.date}"]),
            ]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
            await writer.drain()

    def _answer(self, method: str, path: str, query: str, body: Record) -> Answer:
        if not path:
            return self._search(self.events, query, {})
        if path == "sessions/status":
            return self._search([*self.records["sessions"], *self.deleted], query, body)
        if path == "session-statuses":
            path = "statuses"
        resource, _, id_ = path.partition("/")
        records = self.records.get(resource, [])
        if method == "POST":
            return self._search(records, query, body)
        if not id_:
            return 200, records
        found = [record for record in records if record["id"] == id_]
        return (200, found[0]) if found else (404, {"error": "NotFoundError", "message": "no such record"})

    def _search(self, records: list[Record], query: str, body: Record) -> Answer:
        paging = parse_qs(query)
        number, size = int(paging["page"][0]), int(paging["pageSize"][0])
        for name, bounds in body.get("filters", {}).items():
            field = _FIELDS[name]
            after, before = (_time(bounds[key]) if key in bounds else None for key in ("after", "before"))
            records = [
                record
                for record in records
                if (time := _time(record.get(field))) is not None
                and (after is None or time > after)
                and (before is None or time < before)
            ]
        sort = body.get("sort", {"order": "createdAt", "sort": "asc"})
        dated = [record for record in records if _time(record.get(_FIELDS[sort["order"]])) is not None]
        dated.sort(key=lambda record: str(_time(record[_FIELDS[sort["order"]]])))
        if sort["sort"] == "desc":
            dated.reverse()
        rows = [*dated, *(record for record in records if record not in dated)]
        pagination = {
            "currentPage": number,
            "pageSize": size,
            "totalPages": -(-len(rows) // size),
            "totalResults": len(rows),
        }
        return 200, {"results": rows[(number - 1) * size : number * size], "pagination": pagination}


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
