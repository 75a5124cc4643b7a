"""A copy follows the event run by run, and is always closed."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Engine, event

from sessionboard_async import AsyncSession, ConfigurationError, NotFoundError
from sessionboard_async.change_feed import changes
from sessionboard_async.export.exporter import ExportProgress
from sessionboard_async.export.target_lock import TargetLock, lock_of_file
from sessionboard_async.sqlite.database import Database
from sessionboard_async.sqlite.sync import SyncSummary, sync_event
from sessionboard_async.testing import EmbeddedServer
from tests.export.exports import content
from tests.support.file_access import recorded_file_access
from tests.support.http_server import IMPATIENT

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

ONLY = ["sessions", "rooms", "tags"]


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=230, events=2) as server:
        yield server


@pytest.fixture
async def sb(server: EmbeddedServer) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb:
        yield sb


def ids(path: Path, resource: str) -> frozenset[str]:
    with closing(sqlite3.connect(path)) as connection:
        return frozenset(id_ for (id_,) in connection.execute(f"SELECT id FROM {resource}"))


def assert_whole(path: Path, server: EmbeddedServer) -> None:
    for resource in ONLY:
        assert ids(path, resource) == server.ids(resource)


async def test_a_feed_continues_a_copy_and_a_sync_continues_that(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path, found = tmp_path / "event.db", list[tuple[str, str]]()
    await sync_event(sb, server.event_id, path, only=ONLY)
    gone = min(server.ids("rooms"))
    await sb.rooms.delete(server.event_id, gone)
    with Database(path, event_id=server.event_id, base_url=sb.base_url) as database:
        source: Any = {"resume": database.checkpoint, "known": database.update_times}
        feed = changes(sb, server.event_id, resources=ONLY, sweep_every=timedelta(), **source).raw()
        async for batch in feed.batches():
            database.apply(batch.changes, batch.checkpoint)
            found += [(change.kind, change.id) for change in batch.changes]
    assert found == [("deleted", gone)]
    assert_whole(path, server)
    again = await sync_event(sb, server.event_id, path, only=ONLY, sweep_every=timedelta())
    assert (again.upserted, again.removed) == (0, 0)


async def test_the_first_run_copies_everything_and_the_second_writes_nothing(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path = tmp_path / "event.db"
    first = await sync_event(sb, server.event_id, path)
    assert first.refused == {}
    assert first.counts["sessions"] == 230
    assert first.upserted == sum(first.counts.values())
    assert_whole(path, server)

    with closing(sqlite3.connect(path)) as connection:
        ((checkpoint,),) = connection.execute("SELECT checkpoint FROM sessionboard_copy")
    # It does not repeat the ids, which the tables hold.
    assert not any(id_ in checkpoint for id_ in server.ids("sessions"))

    second = await sync_event(sb, server.event_id, path)
    assert second == SyncSummary(upserted=0, removed=0, counts=first.counts, refused={})


async def test_changes_are_written_and_deleted_records_removed(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path = tmp_path / "event.db"
    await sync_event(sb, server.event_id, path, only=ONLY)
    gone, changed, *_ = sorted(server.ids("sessions"))
    await sb.sessions.delete(server.event_id, gone)
    await sb.sessions.update(server.event_id, changed, title="Another title")
    summary = await sync_event(sb, server.event_id, path, only=ONLY)
    assert (summary.upserted, summary.removed, summary.counts["sessions"]) == (1, 1, 229)
    assert_whole(path, server)
    with closing(sqlite3.connect(path)) as connection:
        title = connection.execute("SELECT title FROM sessions WHERE id = ?", (changed,)).fetchone()
    assert title == ("Another title",)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"only": ["lectures"]}, "unknown resources: 'lectures'"),
        ({"expand": ["everything"]}, "everything"),
        ({"sweep_every": timedelta(-1)}, "sweep_every"),
    ],
)
async def test_an_invalid_argument_creates_no_file_and_sends_nothing(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    path = tmp_path / "event.db"
    with pytest.raises(ValueError, match=said):
        await sync_event(sb, server.event_id, path, **wrong)
    assert not server.requests
    assert not await anyio.Path(path).exists()


async def test_a_copy_of_another_event_is_refused_and_unchanged(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path = tmp_path / "event.db"
    await sync_event(sb, server.event_id, path, only=ONLY)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="another copy"):
        await sync_event(sb, server.event_ids[1], path, only=ONLY)
    assert path.read_bytes() == before


async def test_a_run_for_a_mistyped_event_does_not_occupy_the_file(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path = tmp_path / "event.db"
    with pytest.raises(NotFoundError):
        await sync_event(sb, 1, path, only=["rooms"])
    summary = await sync_event(sb, server.event_id, path, only=["rooms"])
    assert summary.counts["rooms"] == summary.upserted > 0


async def test_a_copy_with_a_named_source_is_continued_at_another_address(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path = tmp_path / "event.db"
    await sync_event(sb, server.event_id, path, only=["rooms"], source="the conference")
    async with EmbeddedServer() as other, AsyncSession(other.token, base_url=other.base_url) as elsewhere:
        again = await sync_event(elsewhere, other.event_id, path, only=["rooms"], source="the conference")
        assert (again.upserted, again.removed) == (0, 0)
        for source in (None, "another conference"):
            with pytest.raises(ConfigurationError, match=r"its base_url is the conference, not"):
                await sync_event(elsewhere, other.event_id, path, only=["rooms"], source=source)


async def test_progress_is_reported_for_each_page_and_each_end(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    seen: list[ExportProgress] = []
    await sync_event(sb, server.event_id, tmp_path / "event.db", only=["sessions"], on_progress=seen.append)
    assert [progress.records for progress in seen] == sorted(progress.records for progress in seen)
    assert [progress.done for progress in seen].count(True) == 1
    assert seen[-1] == ExportProgress(resource="sessions", records=230, total=None, done=True)


@pytest.mark.parametrize(
    "turns",
    [0, 3, 30, 100, 200, *(pytest.param(turns, marks=pytest.mark.slow) for turns in (1, 10, 60, 150))],
)
@pytest.mark.untraced
async def test_a_copy_can_be_continued_after_a_cancelled_task(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, turns: int
) -> None:
    path = tmp_path / "event.db"
    copying = asyncio.create_task(sync_event(sb, server.event_id, path, only=ONLY))
    for _ in range(turns):
        await asyncio.sleep(0)
    copying.cancel()
    (result,) = await asyncio.gather(copying, return_exceptions=True)
    assert isinstance(result, SyncSummary | asyncio.CancelledError)
    # SQLite keeps this file beside the copy while a transaction is open.
    assert not path.with_name("event.db-journal").exists()
    await sync_event(sb, server.event_id, path, only=ONLY)
    assert_whole(path, server)


async def test_a_copy_can_be_continued_after_a_cancelled_scope(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path = tmp_path / "event.db"
    with anyio.CancelScope() as scope:

        def cancel(progress: ExportProgress) -> None:
            if progress.records:
                scope.cancel()

        await sync_event(sb, server.event_id, path, only=ONLY, on_progress=cancel)
    assert scope.cancelled_caught
    assert len(ids(path, "sessions")) == 100
    await sync_event(sb, server.event_id, path, only=ONLY)
    assert_whole(path, server)


async def test_an_error_of_on_progress_ends_the_run(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path = tmp_path / "event.db"

    def fail(progress: ExportProgress) -> None:
        raise RuntimeError("the screen is gone")

    with pytest.raises(RuntimeError, match="the screen is gone"):
        await sync_event(sb, server.event_id, path, only=ONLY, on_progress=fail)
    await sync_event(sb, server.event_id, path, only=ONLY)
    assert_whole(path, server)


@pytest.fixture
def statement_threads() -> Iterator[set[int]]:
    """The threads that execute SQL statements or close connections."""
    threads: set[int] = set()

    def record(*_: object) -> None:
        threads.add(threading.get_ident())

    for name in ("before_cursor_execute", "close"):
        event.listen(Engine, name, record)
    yield threads
    for name in ("before_cursor_execute", "close"):
        event.remove(Engine, name, record)


async def test_a_run_beside_another_is_refused_and_changes_nothing(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    path = tmp_path / ("e" * 244 + ".db")  # the longest name that leaves room for SQLite's own `-journal`
    link = tmp_path / "link.db"
    link.symlink_to(path)
    other = TargetLock(lock_of_file(path), path, "busy")
    other.acquire()
    for target in (path, link):
        with pytest.raises(BlockingIOError, match="another sync writes to this database: wait for it"):
            await sync_event(sb, server.event_id, target, only=["rooms"])
    assert not path.exists()
    assert not server.requests
    other.release()
    results = await asyncio.gather(
        *(sync_event(sb, server.event_id, target, only=["rooms"]) for target in (path, link)),
        return_exceptions=True,
    )
    assert {type(result) for result in results} == {SyncSummary, BlockingIOError}
    assert content(tmp_path).keys() == {path.name, link.name}


async def test_a_missing_folder_is_reported_with_the_name_of_the_database(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in ("missing", "file"):
        path = tmp_path / folder / "event.db"
        with pytest.raises((FileNotFoundError, NotADirectoryError)) as caught:
            await sync_event(sb, server.event_id, path)
        assert caught.value.filename == str(path)
    assert not server.requests


async def test_the_event_loop_never_waits_for_the_database(
    server: EmbeddedServer,
    sb: AsyncSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    statement_threads: set[int],
) -> None:
    with recorded_file_access(tmp_path, monkeypatch) as accesses:
        for _ in range(2):
            await sync_event(sb, server.event_id, tmp_path / "event.db", only=ONLY)
    assert {kind for kind, _ in accesses} >= {"open", "sqlite3.connect", "os.stat"}
    assert {kind for kind, thread in accesses if thread == threading.get_ident()} == set()
    assert statement_threads
    assert threading.get_ident() not in statement_threads
