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
    ("name", "method", "arguments", "options", "said"),
    [
        ("sessions", "search", (1,), {"status": "maybe"}, "status must be one of accepted"),
        ("sessions", "search", (1,), {"sort": "title"}, "sort must be one of created_at"),
        ("sessions", "search", (1,), {"sort": "deleted_at"}, "sort must be one of created_at"),
        ("sessions", "search", (1,), {"expand": ["everything"]}, "expand must be one of translated_fields"),
        ("sessions", "search", (1,), {"expand": "composition"}, r"write \['composition'\]"),
        (
            "sessions",
            "search",
            (1,),
            {"created_after": datetime(2026, 8, 1)},
            "created_after has no time zone",
        ),
        (
            "sessions",
            "search",
            (1,),
            {"created_after": "2026-08-01T00:00:00"},
            "created_after has no time zone",
        ),
        (
            "sessions",
            "search",
            (1,),
            {"created_after": "yesterday"},
            "created_after must be an ISO 8601 time",
        ),
        ("sessions", "search", (1,), {"colour": "red"}, "a search takes no colour"),
        ("sessions", "search", ("",), {}, "event_id must not be empty"),
        ("sessions", "search", ("..",), {}, "event_id must not be empty, '.' or '..'"),
        ("sessions", "search", ("a\nb",), {}, "event_id must not have control characters"),
        ("sessions", "search", (None,), {}, "event_id must be a string or an integer, not NoneType"),
        ("sessions", "list", (1,), {"expand": ["everything"]}, "expand must be one of translated_fields"),
        ("fields", "search", (1,), {"module": "sponsor"}, "module must be one of session"),
        ("fields", "search", (1,), {"source": "else"}, "source must be one of standard"),
        ("fields", "search", (1,), {"scope": "world"}, "scope must be one of global"),
    ],
    ids=str,
)
async def test_a_wrong_argument_is_refused_where_it_stands(
    server: EmbeddedServer, sb: AsyncSession, name: str, method: str, arguments: Any, options: Any, said: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        getattr(getattr(sb, name), method)(*arguments, **options)
    assert not server.requests


@pytest.mark.parametrize(
    "name", ["sessions", "speakers", "contacts", "org_contacts", "sponsors", "exhibitors"]
)
@pytest.mark.parametrize(
    ("id_", "said"),
    [
        ("", "_id must not be empty"),
        (".", "_id must not be empty, '.' or '..'"),
        ("..", "_id must not be empty, '.' or '..'"),
        ("a\r\nb", "_id must not have control characters"),
        (None, "_id must be a string or an integer, not NoneType"),
        (True, "_id must be a string or an integer, not bool"),
    ],
)
async def test_a_wrong_id_is_refused_before_it_is_sent(
    server: EmbeddedServer, sb: AsyncSession, name: str, id_: Any, said: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        await getattr(sb, name).get("org", id_)
    assert not server.requests
