"""A server of prepared pages, so cheap that the measurements show the cost of the client.

The path selects the encoding, the latency and the number of pages: ``/gzip/50/v1/event/160/sessions?page=3``
is the third of 160 pages, as gzip, after 50 milliseconds.
"""

from __future__ import annotations

import asyncio
import re
import sys
import zlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path

import msgspec

from benchmarks.recording import RECORDS_PER_PAGE, RecordedPage, recorded

_GZIP_LEVEL = 6
_GZIP = 16 + zlib.MAX_WBITS
_KEPT_ANSWERS = 512
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

_HEAD = re.compile(
    rb"(?P<method>[A-Z]+) /(?P<coding>identity|gzip)/(?P<milliseconds>\d+)/v1/event/(?P<pages>\d+)/sessions"
    rb"(?:/(?P<session>[^?/ ]+))?(?:\?(?P<query>\S*))? HTTP/1\.1\r\n"
)
_PAGE = re.compile(rb"(?:^|&)page=(\d+)")
_SIZE = re.compile(rb"(?:^|&)pageSize=(\d+)")
_AFTER = re.compile(rb'"createdAt":\{[^}]*"after":"([^"]+)"')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Answers:
    """Complete HTTP answers, cached.

    The records of the pages repeat with new ids, and are created one second apart, so that they can be
    searched by time.
    """

    def __init__(self, pages: list[RecordedPage]) -> None:
        records = [
            record for page in pages for record in msgspec.json.decode(page.records, type=list[msgspec.Raw])
        ]
        self._record = bytes(records[0])
        self._parts = [_without_id_and_time(bytes(record)) for record in records]
        self.page = lru_cache(_KEPT_ANSWERS)(self._render_page)
        self.record = lru_cache(_KEPT_ANSWERS)(self._render_record)

    def _render_page(self, number: int, size: int, after: bytes | None, of: int, coding: bytes) -> bytes:
        """Render a page of the records created after a timestamp, in a stream of ``of`` pages."""
        every = of * RECORDS_PER_PAGE
        first = 0 if after is None else _second_after(after)
        total = max(0, every - first)
        start = first + (number - 1) * size
        records = b",".join(self._as_record(index) for index in range(start, min(start + size, every)))
        pagination = msgspec.json.encode(
            {
                "currentPage": number,
                "pageSize": size,
                "totalPages": -(-total // size),
                "totalResults": total,
            }
        )
        return _answer(b"".join((b'{"results":[', records, b'],"pagination":', pagination, b"}")), coding)

    def _as_record(self, index: int) -> bytes:
        before, between, after = self._parts[index % len(self._parts)]
        timestamp = (_EPOCH + index * _SECOND).isoformat(timespec="milliseconds")[:23].encode()
        return b"".join((before, b"%036x" % index, between, timestamp, b"Z", after))

    def _render_record(self, coding: bytes) -> bytes:
        return _answer(self._record, coding)


def _without_id_and_time(record: bytes) -> tuple[bytes, bytes, bytes]:
    """Split a record around its id and its time of creation."""
    values = msgspec.json.decode(record)
    text = msgspec.json.encode({"id": "#ID#", "created_at": "#TIME#"} | _without(values, "id", "created_at"))
    before, _, rest = text.partition(b"#ID#")
    between, _, after = rest.partition(b"#TIME#")
    return before, between, after


def _without(values: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}


def _second_after(timestamp: bytes) -> int:
    """Return the first whole second after a timestamp, counted from the first record."""
    return (datetime.fromisoformat(timestamp.decode()) - _EPOCH) // _SECOND + 1


def _answer(body: bytes, coding: bytes) -> bytes:
    encoding = b""
    if coding == b"gzip":
        body = zlib.compress(body, _GZIP_LEVEL, _GZIP)
        encoding = b"Content-Encoding: gzip\r\n"
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n%b"
        b"Content-Length: %d\r\nRateLimit-Limit: 100000\r\nRateLimit-Remaining: 100000\r\n"
        b"RateLimit-Reset: 900\r\nX-Request-Id: benchmark\r\n\r\n"
    ) % (encoding, len(body))
    return head + body


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or len(rest) < (int(length[1]) if length else 0):
            return
        self._received = b""
        self._answer(head + end, rest)

    def _answer(self, head: bytes, body: bytes) -> None:
        request = _HEAD.match(head)
        if request is None:
            self._send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        if request["session"]:
            answer = self._answers.record(request["coding"])
        else:
            query = request["query"] or b""
            page, size, after = _PAGE.search(query), _SIZE.search(query), _AFTER.search(body)
            answer = self._answers.page(
                int(page[1]) if page else 1,
                int(size[1]) if size else RECORDS_PER_PAGE,
                after[1] if after else None,
                int(request["pages"]),
                request["coding"],
            )
        if latency := int(request["milliseconds"]) / 1000:
            asyncio.get_running_loop().call_later(latency, partial(self._send, answer))
        else:
            self._send(answer)

    def _send(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)


async def serve(file: Path) -> None:
    """Print the port, and serve the recorded pages until standard input is closed."""
    loop = asyncio.get_running_loop()
    answers = Answers(recorded(file))
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", 0)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
