"""A proxy before the embedded server that records requests and responses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

import aiohttp
from aiohttp import hdrs, web
from yarl import URL

from sessionboard_async.testing import EmbeddedServer
from tests.contract.operations import JSON, Operation, operation_at

_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Exchange:
    """A request of the client and the server's answer, as bytes."""

    operation: Operation
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    status: int
    content_type: str
    answer: bytes

    @property
    def request_type(self) -> str:
        """The ``Content-Type`` of the request, with its parameters."""
        return self.headers.get(hdrs.CONTENT_TYPE, "")

    def sent(self) -> dict[str, Any]:
        """Return the content of a JSON body, or the fields of a form by name."""
        if self.request_type.startswith(JSON):
            content: dict[str, Any] = json.loads(self.body)
            return content
        if self.request_type.startswith("multipart/"):
            form = message_from_bytes(b"Content-Type: " + self.request_type.encode() + b"\n\n" + self.body)
            parts = form.get_payload()
            return {
                str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
                for part in (parts if isinstance(parts, list) else ())
                if not isinstance(part, str)
            }
        return {}


@dataclass
class RecordingProxy:
    """A proxy that forwards everything to the embedded server and records it."""

    server: EmbeddedServer
    exchanges: list[Exchange] = field(default_factory=list)
    base_url: str = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RecordingProxy]:
        """Listen on a free port of this machine."""
        application = web.Application(client_max_size=_LARGEST)
        application.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(application, access_log=None, auto_decompress=False)
        async with aiohttp.ClientSession(auto_decompress=False) as self._client:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _forward(self, request: web.Request) -> web.Response:
        body = await request.read()
        dropped = (hdrs.HOST, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING)
        headers = {name: value for name, value in request.headers.items() if name not in dropped}
        url = URL(f"{self.server.base_url}{request.raw_path}", encoded=True)
        async with self._client.request(request.method, url, headers=headers, data=body or None) as answer:
            content = await answer.read()
        operation = operation_at(request.method, request.path)
        assert operation is not None, f"the document has no {request.method} {request.path}"
        self.exchanges.append(
            Exchange(
                operation=operation,
                path=request.path,
                query=list(request.query.items()),
                headers=request.headers.copy(),
                body=body,
                status=answer.status,
                content_type=answer.headers.get(hdrs.CONTENT_TYPE, ""),
                answer=content,
            )
        )
        kept = {name: answer.headers[name] for name in (hdrs.CONTENT_TYPE,) if name in answer.headers}
        return web.Response(status=answer.status, headers=kept, body=content)
