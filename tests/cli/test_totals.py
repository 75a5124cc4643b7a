"""``sync`` estimates the time left in its first run, from the totals that the API reports."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from sessionboard_async import AsyncSession, ServerError
from sessionboard_async.cli.records.totals import reported_totals
from sessionboard_async.export import RESOURCES
from sessionboard_async.testing import EmbeddedServer, Fault, RecordedRequest
from tests.cli.command_line import run_at, without_controls
from tests.support.http_server import IMPATIENT


@pytest.fixture
async def sb(server: EmbeddedServer) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb:
        yield sb


@pytest.mark.anyio
async def test_totals_are_those_of_the_searches(server: EmbeddedServer, sb: AsyncSession) -> None:
    totals = await reported_totals(sb, server.event_id, RESOURCES)
    assert len(server.requests) == len(RESOURCES)
    assert totals == {name: await getattr(sb, name).search(server.event_id).count() for name in RESOURCES}


@pytest.mark.anyio
async def test_a_refused_resource_has_no_total_and_a_failure_is_one(
    server: EmbeddedServer, sb: AsyncSession
) -> None:
    server.faults.append(Fault("status", every=1, status=403, operation="search-rooms"))
    assert [*await reported_totals(sb, server.event_id, ["rooms", "tracks"])] == ["tracks"]
    server.faults.append(Fault("status", every=1, status=500, operation="search-tracks"))
    with pytest.raises(ServerError):
        await reported_totals(sb, server.event_id, ["rooms", "tracks"])


def counted(requests: Iterable[RecordedRequest]) -> list[str]:
    """Return the operations of which a single record was requested."""
    return [one.operation or "" for one in requests if one.query.get("pageSize") == "1"]


def test_the_first_run_shows_the_time_left_and_later_ones_count_nothing(tmp_path: Path) -> None:
    slow = Fault("slow", every=1, interval=0.02, operation="search-sessions")
    with EmbeddedServer(sessions=700, faults=[slow]).in_thread() as server:
        command = ["sync", f"{server.event_id}", "--only", "sessions", "--to"]
        first = run_at(server, *command, tmp_path / "event.db", "--progress")
        drawn = without_controls(first.stderr)
        assert re.search(r"sessions .* \d+/700 \d\d:\d\d left", drawn), drawn
        assert counted(server.requests) == ["search-sessions"]
        server.faults.clear()
        server.requests.clear()
        again = run_at(server, *command, tmp_path / "event.db", "--progress")
        other = run_at(server, *command, tmp_path / "other.db", "--no-progress")
        assert (first.exit_code, again.exit_code, other.exit_code) == (0, 0, 0)
        assert counted(server.requests) == []
