"""A stream that is returned once its first page has arrived."""

from __future__ import annotations

import asyncio

import pytest

from sessionboard_async import (
    AsyncSession,
    AuthenticationError,
    NotFoundError,
    Retry,
    ServerError,
    SessionboardError,
)
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.support.http_server import tasks

pytestmark = pytest.mark.anyio


async def test_the_first_page_has_arrived_and_every_record_comes_once(
    sessionboard: AsyncSession, sessionboard_server: EmbeddedServer
) -> None:
    pager = sessionboard.sessions.search(4630, page_size=50)
    everything = [talk.id async for talk in pager]
    sessionboard_server.requests.clear()

    stream = await pager.stream()
    assert len(sessionboard_server.requests) == 1
    assert pager.checkpoint() == pager.checkpoint(include_current=True)
    assert [talk.id async for talk in stream] == everything
    assert [talk.id async for talk in stream] == []


@pytest.mark.parametrize(
    ("event", "token", "status", "kind"),
    [
        ("4630", "wrong", None, AuthenticationError),
        ("999", None, None, NotFoundError),
        ("4630", None, 503, ServerError),
    ],
)
async def test_an_error_comes_before_the_stream(
    sessionboard_server: EmbeddedServer,
    event: str,
    token: str | None,
    status: int | None,
    kind: type[SessionboardError],
) -> None:
    if status is not None:
        sessionboard_server.faults.append(Fault("status", every=1, status=status))
    async with AsyncSession(
        token or sessionboard_server.token,
        base_url=sessionboard_server.base_url,
        retry=Retry(attempts=2, base_delay=0),
    ) as sb:
        with pytest.raises(kind):
            await sb.sessions.search(event).stream()


async def test_nothing_found_is_an_empty_stream(sessionboard: AsyncSession) -> None:
    stream = await sessionboard.sessions.search(4630, limit=0).stream()
    assert [talk async for talk in stream] == []


async def test_a_stream_that_is_left_or_closed_leaves_nothing(
    sessionboard: AsyncSession, sessionboard_server: EmbeddedServer
) -> None:
    before = tasks()
    stream = await sessionboard.sessions.search(4630, page_size=10).stream()
    starting = asyncio.ensure_future(sessionboard.sessions.search(4630, page_size=10).stream())
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await stream.aclose()
    assert [talk async for talk in stream] == []
    assert tasks() == before
    assert len(sessionboard_server.requests) <= 2
