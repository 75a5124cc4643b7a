"""An export that fails or is cancelled leaves the target unchanged, and never blocks the event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

import anyio
import pytest

from sessionboard_async import AsyncSession, SessionboardError
from sessionboard_async.export import export_checkpoint
from sessionboard_async.export.exporter import RESOURCES, ExportProgress, Manifest, export_event
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.export.exports import STAGING, content
from tests.support.file_access import recorded_file_access
from tests.support.http_server import until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]


FAULTS = {
    f"{fault.kind} {fault.operation}": fault
    for fault in (
        Fault("status", on=3, status=400, operation="search-sessions"),
        Fault("status", every=1, status=503, operation="search-levels"),
        Fault("status", every=1, status=401, operation="search-session-statuses"),
        Fault("status", on=11, status=401),
        Fault("truncate", every=1, operation="search-event-contacts"),
        Fault("wrong_page", every=1, operation="search-sessions"),
        Fault("empty_page", every=1, operation="search-sessions"),
    )
}


@pytest.mark.parametrize(
    ("fault", "directory"),
    [
        *((name, "older export") for name in FAULTS),
        ("wrong_page search-sessions", "empty"),
        ("status None", "empty"),
        *(
            pytest.param(name, "empty", marks=pytest.mark.slow)
            for name in FAULTS
            if name not in {"wrong_page search-sessions", "status None"}
        ),
    ],
    indirect=["directory"],
)
async def test_an_error_leaves_the_target_unchanged(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, fault: str
) -> None:
    before = content(directory)
    server.faults.append(FAULTS[fault])
    with pytest.raises(SessionboardError):
        await export_event(sb, server.event_id, directory)
    assert content(directory) == before


async def test_an_error_of_on_progress_leaves_the_target_unchanged(
    server: EmbeddedServer, sb: AsyncSession, directory: Path
) -> None:
    before = content(directory)

    def complain(progress: ExportProgress) -> None:
        if progress.resource == "speakers" and progress.records:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await export_event(sb, server.event_id, directory, on_progress=complain)
    assert content(directory) == before


async def test_a_folder_in_the_place_of_a_file_leaves_the_target_unchanged(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    (tmp_path / "sessions.jsonl").write_bytes(b"older\n")
    (tmp_path / "tracks.jsonl").mkdir()
    with pytest.raises(OSError, match=r"tracks\.jsonl"):
        await export_event(sb, server.event_id, tmp_path)
    (tmp_path / "tracks.jsonl").rmdir()
    assert content(tmp_path) == {"sessions.jsonl": b"older\n"}


async def test_a_file_in_the_place_of_the_target_is_an_error(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(OSError, match="file"):
        await export_event(sb, server.event_id, tmp_path / "file")
    assert not server.requests


def old_or_new(directory: Path, before: dict[str, bytes], *, finished: bool) -> None:
    """Check that the target holds the old export or a complete new one."""
    after = content(directory)
    if finished or after != before:
        assert set(after) == {"manifest.json", *(f"{resource}.jsonl" for resource in RESOURCES)}
        assert not any(text.startswith(b"older") for text in after.values())


@pytest.mark.parametrize("calls", [1, 13, 14, 26, 33])
@pytest.mark.untraced
async def test_a_cancelled_scope_leaves_the_target_unchanged(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, calls: int
) -> None:
    before = content(directory)
    seen: list[ExportProgress] = []
    with anyio.CancelScope() as scope:

        def show(progress: ExportProgress) -> None:
            seen.append(progress)
            if len(seen) == calls:
                scope.cancel()

        await export_event(sb, server.event_id, directory, on_progress=show)
    assert scope.cancelled_caught
    assert content(directory) == before


@pytest.mark.parametrize("turns", [0, 1, 5, 20, 50, 100, 200])
@pytest.mark.untraced
async def test_a_cancelled_task_leaves_the_old_or_the_new_export(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, turns: int
) -> None:
    before = content(directory)
    export = asyncio.create_task(export_event(sb, server.event_id, directory))
    for _ in range(turns):
        await asyncio.sleep(0)
    export.cancel()
    (result,) = await asyncio.gather(export, return_exceptions=True)
    assert isinstance(result, Manifest | asyncio.CancelledError)
    old_or_new(directory, before, finished=isinstance(result, Manifest))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits of the size of files")
async def test_a_full_disk_does_not_hide_a_cancellation(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with anyio.CancelScope() as scope:

        def cancel(progress: ExportProgress) -> None:
            if progress.records:
                resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
                scope.cancel()

        try:
            await export_event(sb, server.event_id, tmp_path, only=["rooms"], on_progress=cancel)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert scope.cancelled_caught
    assert content(tmp_path) == {}


async def test_a_task_cancelled_while_files_are_moved(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(directory)
    moving, proceed, move = threading.Event(), threading.Event(), Path.replace
    moved: list[str] = []

    def move_slowly(path: Path, target: Path) -> Path:
        if moved:
            moving.set()
            if threading.current_thread() is not threading.main_thread():
                proceed.wait(5)
        moved.append(path.name)
        return move(path, target)

    monkeypatch.setattr(Path, "replace", move_slowly)
    export = asyncio.create_task(export_event(sb, server.event_id, directory))
    await until(moving.is_set)
    export.cancel()
    await asyncio.wait({export}, timeout=0.1)  # it may wait for the thread, which waits for this test
    proceed.set()
    (result,) = await asyncio.gather(export, return_exceptions=True)
    assert isinstance(result, Manifest | asyncio.CancelledError)
    old_or_new(directory, before, finished=isinstance(result, Manifest))


# Threads


@pytest.mark.parametrize("resume", [False, True])
async def test_the_event_loop_never_waits_for_files(
    server: EmbeddedServer,
    sb: AsyncSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    resume: bool,
) -> None:
    target = tmp_path / "export"
    with recorded_file_access(target, monkeypatch) as accesses:
        server.faults.append(Fault("status", on=2, status=400, operation="search-sessions"))
        with pytest.raises(SessionboardError):
            await export_event(sb, server.event_id, target, resume=resume)
        server.faults.clear()
        await export_checkpoint(target)
        await export_event(sb, server.event_id, target, resume=resume)
    kinds = {kind for kind, _ in accesses}
    assert kinds >= {"open", "os.mkdir", "os.rename", "os.stat", "os.fsync", "shutil.rmtree"}
    assert {kind for kind, thread in accesses if thread == threading.get_ident()} == set()
    assert not (target / STAGING).exists()
