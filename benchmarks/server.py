"""A server of prepared pages, so cheap that the measurements show the cost of the client.

The path selects the encoding, the latency and the number of pages: ``/gzip/50/v1/event/160/sessions?page=3``
is the third of 160 pages, as gzip, after 50 milliseconds. Event 1160 has as many pages: the last three digits
count. Other resources have as many records as were recorded. After ``/gzip/50/silent``, no answer has
rate-limit headers. ``/requests`` returns the number of requests so far.
"""

from __future__ import annotations

import asyncio
import re
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from benchmarks.gzip_pages import LEVEL, GzipPages
from benchmarks.recording import RECORDS_PER_PAGE, recorded_records

_GZIP = 16 + zlib.MAX_WBITS
_KEPT_ANSWERS = 512
_KEPT_RECORDS = 8192
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_EVENTS = 1000

_COUNT = b"GET /requests HTTP/1.1\r\n"
_EVENT_LIST = re.compile(rb"GET /(?:identity|gzip)/(?P<milliseconds>\d+)/v1/events[? ]")
_HEAD = re.compile(
    rb"(?P<method>[A-Z]+) /(?P<coding>identity|gzip)/(?P<milliseconds>\d+)(?P<silent>/silent)?"
    rb"/v1/event/(?P<event>\d+)/(?P<resource>[a-z-]+)(?:/(?P<record>[^?/ ]+))?"
    rb"(?:\?(?P<query>\S*))? HTTP/1\.1\r\n"
)
_PAGE = re.compile(rb"(?:^|&)page=(\d+)")
_SIZE = re.compile(rb"(?:^|&)pageSize=(\d+)")
_AFTER = re.compile(rb'"createdAt":\{[^}]*"after":"([^"]+)"')
_UNSUPPORTED = re.compile(rb'"before"|"desc"')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

_FIRST_EVENTS = msgspec.json.encode([{"id": number, "name": f"Event {number}"} for number in range(1, 101)])
"""The events that are listed; searches find any number of them."""

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Search(NamedTuple):
    """A page that is asked for.

    Attributes:
        event: The event.
        resource: The resource, as in the path.
        number: The number of the page.
        size: The records on a page.
        first: The index of the first record created after the requested time.
    """

    event: int
    resource: str
    number: int
    size: int
    first: int


class Answers(Protocol):
    """The bodies of answers."""

    def page(self, search: Search, *, gzip: bool) -> bytes | None:
        """Return a page of records; ``None`` if there is no such resource."""
        ...

    def record(self, id_: bytes) -> bytes:
        """Return one session."""
        ...


class RecordedAnswers:
    """Recorded records, repeated with new ids, and created one second apart, so that they can be searched.

    Args:
        records: The records of each resource.
    """

    def __init__(self, records: dict[str, list[msgspec.Raw]]) -> None:
        self._parts = {
            resource: [_without_id_and_time(bytes(record)) for record in found]
            for resource, found in records.items()
        }
        self._records = {resource: self._records_of(resource) for resource in records}
        self._gzip = {resource: GzipPages(record) for resource, record in self._records.items()}

    def page(self, search: Search, *, gzip: bool) -> bytes | None:
        parts = self._parts.get(search.resource)
        if parts is None:
            return None
        every = sessions_of(search.event) if search.resource == "sessions" else len(parts)
        start = search.first + (search.number - 1) * search.size
        shown = range(start, min(start + search.size, every))
        before, after = around_records(search, max(0, every - search.first))
        if gzip:
            return self._gzip[search.resource].page(before, shown, after)
        return b"".join((before, b",".join(map(self._records[search.resource], shown)), after))

    def record(self, id_: bytes) -> bytes:
        return _join(self._parts["sessions"][0], id_, 0)

    def _records_of(self, resource: str) -> Callable[[int], bytes]:
        parts = self._parts[resource]

        @lru_cache(_KEPT_RECORDS)
        def record(index: int) -> bytes:
            return _join(parts[index % len(parts)], b"%036x" % index, index)

        return record


def sessions_of(event: int) -> int:
    """Return the number of sessions of an event."""
    return event % _EVENTS * RECORDS_PER_PAGE


def around_records(search: Search, total: int) -> tuple[bytes, bytes]:
    """Return the parts of a page before and after its records."""
    pagination = {
        "currentPage": search.number,
        "pageSize": search.size,
        "totalPages": -(-total // search.size),
        "totalResults": total,
    }
    return b'{"results":[', b'],"pagination":' + msgspec.json.encode(pagination) + b"}"


def created_at(index: int) -> bytes:
    """Return the time at which a record was created."""
    return (_EPOCH + index * _SECOND).isoformat(timespec="milliseconds")[:23].encode() + b"Z"


def _join(parts: tuple[bytes, bytes, bytes], id_: bytes, index: int) -> bytes:
    before, between, after = parts
    return b"".join((before, id_, between, created_at(index), after))


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


def _answer(body: bytes, *, gzip: bool, is_silent: bool) -> bytes:
    encoding = b"Content-Encoding: gzip\r\n" if gzip else b""
    limits = b"RateLimit-Limit: 100000\r\nRateLimit-Remaining: 100000\r\nRateLimit-Reset: 900\r\n"
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n%b"
        b"Content-Length: %d\r\n%bX-Request-Id: benchmark\r\n\r\n"
    ) % (encoding, len(body), b"" if is_silent else limits)
    return head + body


class Application:
    """Complete HTTP answers, the latest ones cached.

    Args:
        answers: The bodies of the answers.
        cached: Whether equal requests have equal answers.

    Attributes:
        requests: The number of requests.
    """

    def __init__(self, answers: Answers, *, cached: bool = True) -> None:
        self._answers = answers
        self._render = lru_cache(_KEPT_ANSWERS)(self._render_answer) if cached else self._render_answer
        self.requests: int = 0

    def answer(self, head: bytes, body: bytes) -> tuple[float, bytes]:
        """Return the seconds to wait before an answer, and the answer."""
        if head.startswith(_COUNT):
            return 0, _answer(b"%d" % self.requests, gzip=False, is_silent=True)
        self.requests += 1
        if listed := _EVENT_LIST.match(head):
            return int(listed["milliseconds"]) / 1000, _answer(_FIRST_EVENTS, gzip=False, is_silent=False)
        request = _HEAD.match(head)
        if request is None or _UNSUPPORTED.search(body):
            return 0, _NOT_FOUND
        query = request["query"] or b""
        page, size, after = _PAGE.search(query), _SIZE.search(query), _AFTER.search(body)
        search = Search(
            int(request["event"]),
            request["resource"].decode(),
            int(page[1]) if page else 1,
            int(size[1]) if size else RECORDS_PER_PAGE,
            _second_after(after[1]) if after else 0,
        )
        answer = self._render(search, request["record"], request["coding"], request["silent"] is not None)
        return int(request["milliseconds"]) / 1000, answer

    def _render_answer(self, search: Search, record: bytes | None, coding: bytes, is_silent: bool) -> bytes:
        gzip = coding == b"gzip"
        if record is None:
            body = self._answers.page(search, gzip=gzip)
        else:
            body = self._answers.record(record)
            body = zlib.compress(body, LEVEL, _GZIP) if gzip else body
        return _NOT_FOUND if body is None else _answer(body, gzip=gzip, is_silent=is_silent)


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, application: Application) -> None:
        self._application = application
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
        seconds, answer = self._application.answer(head + end, rest)
        if seconds:
            asyncio.get_running_loop().call_later(seconds, partial(self._send, answer))
        else:
            self._send(answer)

    def _send(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)


async def serve(file: Path) -> None:
    """Print the port, and serve the recorded pages until standard input is closed."""
    loop = asyncio.get_running_loop()
    application = Application(RecordedAnswers(recorded_records(file)))
    server = await loop.create_server(lambda: Connection(application), "127.0.0.1", 0)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
