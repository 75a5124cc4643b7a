"""The calls of all writing methods, and a server that answers them in ways of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sessionboard_async import AsyncSession
from sessionboard_async.core.endpoint import ENDPOINTS
from tests.contract.calls import FAMILIES, MethodCall, recorded
from tests.support.http_server import byte_server

Answer = Callable[[asyncio.StreamWriter, str], Coroutine[Any, Any, None]]
"""Answers a request, given by its method and target, or does not."""

FEW = ("sessions", "people", "media", "files", "oauth", "agenda_drafts")
"""The families of a sample: every kind of method is in one of them."""


@cache
def writing_calls(*families: str) -> tuple[MethodCall, ...]:
    """Return one call of each writing method: those that must not be repeated."""
    found: dict[tuple[str, str], MethodCall] = {}
    for family in families or FAMILIES:
        calls, exchanges = recorded(family).calls, recorded(family).exchanges
        for call, following in zip(calls, [*calls[1:], None], strict=True):
            end = following.exchanges_before if following else len(exchanges)
            operations = {exchange.operation.id for exchange in exchanges[call.exchanges_before : end]}
            if any(not ENDPOINTS[operation].idempotent for operation in operations):
                found.setdefault((call.service, call.verb), call)
    return tuple(found.values())


@cache
def recorded_answers(*families: str) -> dict[str, bytes]:
    """Return the answers of the embedded server, by method and target."""
    exchanges = [exchange for family in families or FAMILIES for exchange in recorded(family).exchanges]
    # Of the answers to several calls, the first: `writing_calls` returns that call.
    return {f"{one.operation.method} {one.path}": one.answer for one in exchanges[::-1]}


async def make(sb: AsyncSession, call: MethodCall) -> object:
    """Make a call again."""
    # The files that were uploaded are gone.
    arguments = [b"%PDF" if isinstance(one, Path) else one for one in call.arguments]
    keywords = dict(call.keywords)
    if arguments != [*call.arguments]:
        keywords.setdefault("filename", "notes.pdf")
    return await getattr(getattr(sb, call.service), call.verb)(*arguments, **keywords)


@dataclass
class WriteServer:
    """A server that notes each request once it is complete, and answers writes in the given way.

    Reads are answered with an empty list.
    """

    answer: Answer
    base_url: str = ""
    writes: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[WriteServer]:
        """Listen on a free port of this machine."""
        async with byte_server(self._serve) as self.base_url:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await _read_body(head.lower(), reader)
            method, target, _ = head.decode().split(" ", 2)
            if method == "GET":
                writer.write(response(b"[]"))
                continue
            self.writes.append(f"{method} {target}")
            await self.answer(writer, self.writes[-1])
            await writer.drain()


async def _read_body(head: bytes, reader: asyncio.StreamReader) -> None:
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
    if b"content-length" in lines:
        await reader.readexactly(int(lines[b"content-length"]))
    while b"transfer-encoding" in lines:
        size = int(await reader.readuntil(b"\r\n"), 16)
        await reader.readexactly(size + 2)
        if size == 0:
            return


def response(body: bytes, status: str = "200 OK", *headers: str, kind: str = "application/json") -> bytes:
    """Return the bytes of a complete answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
