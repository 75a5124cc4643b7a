"""One export at a time writes to a folder, its files are private, and they outlive a loss of power."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

import filelock
import msgspec
import pytest

from sessionboard_async import AsyncSession, ConfigurationError
from sessionboard_async.export.exporter import Manifest, export_event
from sessionboard_async.export.target_lock import FOLDER_LOCK, TargetLock
from sessionboard_async.testing import EmbeddedServer
from tests.export.exports import STAGING, content
from tests.export.test_resume import ONLY, interrupt

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions and links")


def names(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*"))


@pytest.mark.parametrize("resume", [False, True])
async def test_an_export_beside_another_is_refused_and_changes_nothing(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, resume: bool
) -> None:
    other = TargetLock(directory / FOLDER_LOCK, directory, "busy")
    other.acquire()
    (directory / STAGING).mkdir()
    before = names(directory)
    with pytest.raises(BlockingIOError, match="another export writes to this folder: wait for it"):
        await export_event(sb, server.event_id, directory, only=["rooms"], resume=resume)
    assert names(directory) == before
    assert not server.requests
    other.release()
    await export_event(sb, server.event_id, directory, only=["rooms"], resume=resume)
    assert not (directory / FOLDER_LOCK).exists()


@pytest.mark.parametrize("resume", [False, True])
async def test_of_two_exports_at_once_one_succeeds(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, resume: bool
) -> None:
    target = tmp_path / "new"
    results = await asyncio.gather(
        *(export_event(sb, server.event_id, target, only=["rooms"], resume=resume) for _ in range(2)),
        return_exceptions=True,
    )
    assert {type(result) for result in results} == {Manifest, BlockingIOError}
    files = content(target)
    manifest = msgspec.json.decode(files.pop("manifest.json"), type=Manifest)
    assert {name: len(data) for name, data in files.items()} == {
        summary.file: summary.bytes for summary in manifest.resources.values()
    }


async def test_the_lock_file_of_a_killed_export_locks_nothing(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    (tmp_path / FOLDER_LOCK).touch()
    await export_event(sb, server.event_id, tmp_path, only=["rooms"])
    assert content(tmp_path).keys() == {"rooms.jsonl", "manifest.json"}


@posix
async def test_a_lock_file_that_its_last_holder_removes_meanwhile_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock_descriptor = tmp_path / FOLDER_LOCK, filelock.lock_descriptor
    attempts: list[int] = []
    opened = os.listdir("/dev/fd")

    def lock(descriptor: int, *, blocking: bool) -> bool:
        attempts.append(descriptor)
        if len(attempts) == 1:
            path.unlink()
        return lock_descriptor(descriptor, blocking=blocking)

    monkeypatch.setattr(filelock, "lock_descriptor", lock)
    held = TargetLock(path, path, "busy")
    held.acquire()
    assert len(attempts) == 2
    with pytest.raises(BlockingIOError, match="busy"):
        TargetLock(path, path, "busy").acquire()
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    held.release()
    assert not path.exists()
    assert os.listdir("/dev/fd") == opened


@posix
async def test_a_link_in_place_of_the_lock_file_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / FOLDER_LOCK
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        TargetLock(path, path, "busy").acquire()
    assert not (tmp_path / "elsewhere").exists()


async def test_without_the_extra_an_export_is_refused_before_any_request(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'sessionboard-async\[export\]'"):
        await export_event(sb, server.event_id, tmp_path, only=["rooms"])
    assert names(tmp_path) == []
    assert not server.requests


async def test_leftovers_of_killed_exports_are_removed_and_nothing_else(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    others = [".export-mine", ".export-0123456789abcdef0", "x.export-0123456789abcdef", ".export-" + "f" * 16]
    for folder in (elsewhere, *(target / name for name in (".export-" + "0" * 16, *others[:3]))):
        folder.mkdir(parents=True)
        (folder / "contacts.jsonl").write_text("{}")
    (target / others[3]).symlink_to(elsewhere)
    await export_event(sb, server.event_id, target, only=["rooms"])
    assert {path.name for path in target.iterdir()} == {*others, "rooms.jsonl", "manifest.json"}
    assert (elsewhere / "contacts.jsonl").exists()


@posix
async def test_new_files_are_private_and_replaced_ones_keep_their_mode(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        for mode in (0o600, 0o640):
            await export_event(sb, server.event_id, tmp_path, only=["rooms"])
            files = names(tmp_path)
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {mode}
            for file in files:
                file.chmod(0o640)
    finally:
        os.umask(before)


@posix
async def test_what_an_interrupted_export_keeps_is_private(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        await interrupt(server, sb, tmp_path)
    finally:
        os.umask(before)
    staging = tmp_path / STAGING
    assert {stat.S_IMODE(file.stat().st_mode) for file in staging.iterdir()} == {0o600}
    assert stat.S_IMODE(staging.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("link", ["", "sessions.jsonl", ".manifest.json.part"])
async def test_links_in_place_of_unfinished_files_are_not_followed(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, link: str
) -> None:
    target = tmp_path / "target"
    await interrupt(server, sb, target)
    placed, mine = target / STAGING / link, tmp_path / "mine"
    if placed.exists():
        placed.rename(mine)
    else:
        mine.write_text("mine")
    placed.symlink_to(mine)
    before = content(mine) if mine.is_dir() else mine.read_bytes()
    with pytest.raises((ValueError, OSError), match=r"is a symbolic link: remove|symbolic links"):
        await export_event(sb, server.event_id, target, only=ONLY, resume=True)
    assert (content(mine) if mine.is_dir() else mine.read_bytes()) == before


@posix
@pytest.mark.parametrize("resume", [False, True])
async def test_files_and_folders_are_flushed_before_and_after_each_move(
    server: EmbeddedServer,
    sb: AsyncSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    resume: bool,
) -> None:
    done: list[tuple[str, Path]] = []
    fsync, replace = os.fsync, Path.replace
    target = tmp_path / "target"

    def flush(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        for path in [tmp_path, *tmp_path.rglob("*")]:
            # A file of another resource may be moved just now.
            with suppress(FileNotFoundError):
                if path.stat().st_ino == inode:
                    done.append(("flush", path))
        fsync(descriptor)

    def move(path: Path, to: Path) -> Path:
        done.extend([("from", path), ("to", to)])
        return replace(path, to)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(Path, "replace", move)
    await export_event(sb, server.event_id, target, only=["rooms", "tracks"], resume=resume)
    moves = [(at, path) for at, (kind, path) in enumerate(done) if kind == "from"]
    assert len(moves) >= 4
    assert ("flush", tmp_path) in done, "the new target may be lost with a loss of power"
    first = done.index(("to", target / "rooms.jsonl"))
    assert ("flush", target) in done[:first], "an older manifest may return beside newer files"
    content_of: dict[Path, Path] = {}
    for at, path in moves:
        to = done[at + 1][1]
        content_of[to] = original = content_of.get(path, path)
        assert ("flush", original) in done[:at], f"{path} was moved before its content was on the disk"
        assert ("flush", to.parent) in done[at:], f"{to} may not be in its folder after a loss of power"
    (before, _), (last, _) = moves[-2:]
    assert done[last + 1] == ("to", target / "manifest.json")
    assert ("flush", target) in done[before:last], "the manifest may be on the disk before its files"
