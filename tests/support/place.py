"""An embedded server with a client, and the requests between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sessionboard_async import AsyncSession
from sessionboard_async.testing import EmbeddedServer
from tests.support.http_server import IMPATIENT


@dataclass
class Place:
    """A server with a client."""

    server: EmbeddedServer
    sb: AsyncSession

    @property
    def event(self) -> int:
        return self.server.event_id

    def sent(self) -> Any:
        """Return the body of the last request."""
        return self.server.requests[-1].body

    def called(self, most: int = 1) -> list[str | None]:
        """Return the operations of the last requests, oldest first."""
        return [request.operation for request in self.server.requests][-most:]

    def other_client(self, **grant: Any) -> AsyncSession:
        """Return a client with a token of its own."""
        token = self.server.issue_token(**grant)
        return AsyncSession(token, base_url=self.server.base_url, retry=IMPATIENT)


@asynccontextmanager
async def opened(sessions: int = 30) -> AsyncIterator[Place]:
    """Start a server with a number of sessions of its event, and open a client of it."""
    async with (
        EmbeddedServer(sessions=sessions) as server,
        AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb,
    ):
        yield Place(server, sb)
