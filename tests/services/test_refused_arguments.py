"""Wrong arguments are refused before anything is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.testing import EmbeddedServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=3) as server:
        yield server


@pytest.fixture
async def sb(server: EmbeddedServer) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(server.token, base_url=server.base_url) as sb:
        yield sb


@pytest.mark.parametrize(
    ("name", "method", "arguments", "options"),
    [
        ("sessions", "search", (1,), {"status": "maybe"}),
        ("sessions", "search", (1,), {"sort": "title"}),
        ("sessions", "search", (1,), {"sort": "deleted_at"}),
        ("sessions", "search", (1,), {"expand": ["everything"]}),
        ("sessions", "search", (1,), {"expand": "composition"}),
        ("sessions", "search", (1,), {"created_after": datetime(2026, 8, 1)}),  # it has no offset on purpose
        ("sessions", "search", (1,), {"created_after": "2026-08-01T00:00:00"}),
        ("sessions", "search", (1,), {"created_after": "yesterday"}),
        ("sessions", "search", (1,), {"colour": "red"}),
        ("sessions", "search", ("",), {}),
        ("sessions", "search", ("..",), {}),
        ("sessions", "search", ("a\nb",), {}),
        ("sessions", "search", (None,), {}),
        ("sessions", "list", (1,), {"expand": ["everything"]}),
        ("fields", "search", (1,), {"module": "sponsor"}),
        ("fields", "search", (1,), {"source": "else"}),
        ("fields", "search", (1,), {"scope": "world"}),
    ],
    ids=str,
)
async def test_a_wrong_argument_is_refused_where_it_stands(
    server: EmbeddedServer, sb: AsyncSession, name: str, method: str, arguments: Any, options: Any
) -> None:
    with pytest.raises((ValueError, TypeError)):
        getattr(getattr(sb, name), method)(*arguments, **options)
    assert not server.requests


@pytest.mark.parametrize(
    "name", ["sessions", "speakers", "contacts", "org_contacts", "sponsors", "exhibitors"]
)
@pytest.mark.parametrize("id_", ["", ".", "..", "a\r\nb", None, True])
async def test_a_wrong_id_is_refused_before_it_is_sent(
    server: EmbeddedServer, sb: AsyncSession, name: str, id_: Any
) -> None:
    with pytest.raises((ValueError, TypeError)):
        await getattr(sb, name).get("org", id_)
    assert not server.requests
