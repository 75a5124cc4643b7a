"""An export with ``resume`` continues after any interruption, and never mixes two exports."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from collections import Counter
from pathlib import Path

import anyio
import msgspec
import pytest

from sessionboard_async import AsyncSession, BadRequestError, NotFoundError
from sessionboard_async.export.exporter import ExportProgress, Manifest, export_event
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.export.exports import STAGING, content, fetch, lines

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

ONLY = ["fields", "rooms", "sessions"]
"""Fields are read by page numbers, the others by keyset pagination."""


def calls(server: EmbeddedServer) -> dict[str | None, int]:
    """Return how often each operation was called since the last time."""
    counts = Counter(request.operation for request in server.requests)
    server.requests.clear()
    return dict(counts)


async def interrupt(server: EmbeddedServer, sb: AsyncSession, directory: Path) -> None:
    """Export fields, rooms, and two pages of sessions."""
    fault = Fault("status", on=3, status=400, operation="search-sessions")
    server.faults.append(fault)
    with pytest.raises(BadRequestError):
        await export_event(sb, server.event_id, directory, only=ONLY, concurrency=1, resume=True)
    server.faults.remove(fault)


async def stop_moving(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Export rooms and tracks completely, but fail to move the tracks."""
    move = Path.replace

    def refuse_tracks(path: Path, target: Path) -> Path:
        if path.name == "tracks.jsonl":
            raise PermissionError(errno.EACCES, "another process has it open", str(path))
        return move(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse_tracks)
        with pytest.raises(PermissionError):
            await export_event(sb, server.event_id, directory, only=["rooms", "tracks"], resume=True)
    assert published(directory) == {"rooms.jsonl"}


def published(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir() if path.is_file()}


async def test_a_resumed_export_reads_only_the_rest(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    whole = await export_event(sb, server.event_id, tmp_path / "whole", only=ONLY)
    assert calls(server) == {"list-events": 1, "search-fields": 1, "search-rooms": 1, "search-sessions": 3}
    await interrupt(server, sb, tmp_path / "export")
    assert published(tmp_path / "export") == set()
    calls(server)

    seen: list[ExportProgress] = []
    manifest = await export_event(
        sb, server.event_id, tmp_path / "export", only=ONLY, resume=True, on_progress=seen.append
    )

    # The last page, and whether the reading of the first attempt ended where the records do.
    assert calls(server) == {"list-events": 1, "search-sessions": 2}
    assert 100 < next(progress.records for progress in seen if progress.resource == "sessions") < 200
    for resource in ONLY:
        assert lines(tmp_path / "export", resource) == lines(tmp_path / "whole", resource)
    for resource, expected in whole.resources.items():
        assert msgspec.structs.replace(manifest.resources[resource], seconds=expected.seconds) == expected
    assert set(content(tmp_path / "export")) == {*(f"{name}.jsonl" for name in ONLY), "manifest.json"}


async def test_an_export_with_a_named_source_is_resumed_at_another_address(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    server.faults.append(Fault("status", on=1, status=400, operation="search-rooms"))
    with pytest.raises(BadRequestError):
        await export_event(
            sb, server.event_id, tmp_path, only=["fields", "rooms"], concurrency=1, resume=True, source="here"
        )
    async with EmbeddedServer() as other, AsyncSession(other.token, base_url=other.base_url) as elsewhere:
        with pytest.raises(ValueError, match="its base_url is here"):
            await export_event(elsewhere, other.event_id, tmp_path, only=["fields", "rooms"], resume=True)
        manifest = await export_event(
            elsewhere, other.event_id, tmp_path, only=["fields", "rooms"], resume=True, source="here"
        )
        assert calls(other) == {"list-events": 1, "search-rooms": 1}
    assert manifest.base_url == "here"


async def test_the_seconds_of_a_resource_include_those_before_an_interruption(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    path = tmp_path / STAGING / "manifest.json"
    state = json.loads(path.read_bytes())
    for resource, seconds in (("rooms", 500), ("sessions", 1000)):
        state["resources"][resource]["seconds"] = seconds
    path.write_text(json.dumps(state))
    manifest = await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    assert 500 <= manifest.resources["rooms"].seconds < 560
    assert 1000 < manifest.resources["sessions"].seconds < 1060
    assert manifest.seconds < 60


async def test_a_cancelled_export_can_be_resumed(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    with anyio.CancelScope() as scope:

        def cancel(progress: ExportProgress) -> None:
            if progress.records:
                scope.cancel()

        await export_event(sb, server.event_id, tmp_path, only=["sessions"], resume=True, on_progress=cancel)
    assert scope.cancelled_caught
    first = (tmp_path / STAGING / "sessions.jsonl").read_bytes()
    assert first.count(b"\n") == 100
    await export_event(sb, server.event_id, tmp_path, only=["sessions"], resume=True)
    expected, _ = await fetch(sb, server.event_id, "sessions")
    assert lines(tmp_path, "sessions") == expected


async def test_a_full_disk_keeps_the_pages_written_before(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, calls = os.fsync, 0

    def fill(file: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:  # each page syncs its file and the state
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fill)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            await export_event(sb, server.event_id, tmp_path, only=["sessions"], resume=True)
    seen: list[ExportProgress] = []
    await export_event(sb, server.event_id, tmp_path, only=["sessions"], resume=True, on_progress=seen.append)
    assert seen[0].records == 100
    expected, _ = await fetch(sb, server.event_id, "sessions")
    assert lines(tmp_path, "sessions") == expected


async def test_another_export_is_refused(server: EmbeddedServer, sb: AsyncSession, tmp_path: Path) -> None:
    await interrupt(server, sb, tmp_path)
    kept = content(tmp_path / STAGING)
    with pytest.raises(ValueError, match=r"another export \(its event_id is \d+\): finish it"):
        await export_event(sb, server.event_ids[1], tmp_path, resume=True)
    with pytest.raises(ValueError, match=r"its expand is \(\), its updated_after is None"):
        await export_event(
            sb,
            server.event_id,
            tmp_path,
            expand=["translated_fields"],
            updated_after="2026-08-01T09:00:00Z",
            resume=True,
        )
    assert content(tmp_path / STAGING) == kept


async def test_the_work_on_other_resources_is_kept(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    calls(server)
    await export_event(sb, server.event_id, tmp_path, only=["rooms"], resume=True)
    assert published(tmp_path) == {"rooms.jsonl", "manifest.json"}
    assert calls(server) == {"list-events": 1}
    await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    assert calls(server) == {"list-events": 1, "search-rooms": 1, "search-sessions": 2}
    assert published(tmp_path) == {f"{name}.jsonl" for name in ONLY} | {"manifest.json"}
    sessions = lines(tmp_path, "sessions")
    assert len(sessions) == len(set(sessions)) > 200
    assert not (tmp_path / STAGING).exists()


async def test_a_resource_that_was_refused_is_read_again(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    server.faults.append(Fault("status", every=1, status=403, operation="search-rooms"))
    await interrupt(server, sb, tmp_path)
    server.faults.clear()
    manifest = await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    assert manifest.refused == {}
    assert len(lines(tmp_path, "rooms")) == manifest.resources["rooms"].records > 0


async def test_a_resource_that_is_refused_later_is_left_out(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    server.faults.append(Fault("status", every=1, status=403, operation="search-sessions"))
    manifest = await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    assert set(manifest.refused) == {"sessions"}
    assert set(content(tmp_path)) == {"fields.jsonl", "rooms.jsonl", "manifest.json"}


async def test_nothing_is_kept_if_nothing_was_read(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    with pytest.raises(NotFoundError, match="there is no such event"):
        await export_event(sb, 1, tmp_path / "new", resume=True)
    assert not (tmp_path / "new").exists()


async def test_a_complete_export_is_only_moved(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stop_moving(server, sb, tmp_path, monkeypatch)
    calls(server)
    manifest = await export_event(sb, server.event_id, tmp_path, only=["tracks", "rooms"], resume=True)
    assert calls(server) == {}
    assert msgspec.json.decode((tmp_path / "manifest.json").read_bytes(), type=Manifest) == manifest
    assert set(content(tmp_path)) == {"rooms.jsonl", "tracks.jsonl", "manifest.json"}


async def test_the_manifest_of_an_earlier_export_is_not_beside_newer_files(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await export_event(sb, server.event_id, tmp_path, only=["rooms"])
    assert published(tmp_path) == {"rooms.jsonl", "manifest.json"}
    (tmp_path / "manifest.json").chmod(0o640)
    mode = (tmp_path / "manifest.json").stat().st_mode
    await stop_moving(server, sb, tmp_path, monkeypatch)
    assert published(tmp_path) == {"rooms.jsonl"}
    await export_event(sb, server.event_id, tmp_path, only=["rooms", "tracks"], resume=True)
    assert (tmp_path / "manifest.json").stat().st_mode == mode


@pytest.mark.parametrize("resume", [False, True])
async def test_an_earlier_file_of_the_same_size_is_replaced(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, resume: bool
) -> None:
    await export_event(sb, server.event_id, tmp_path, only=["rooms"])
    file = tmp_path / "rooms.jsonl"
    before = file.read_bytes()
    file.write_bytes(before.swapcase())
    await export_event(sb, server.event_id, tmp_path, only=["rooms"], resume=resume)
    assert file.read_bytes() == before


async def test_a_complete_export_is_moved_before_one_of_other_resources(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stop_moving(server, sb, tmp_path, monkeypatch)
    calls(server)
    manifest = await export_event(sb, server.event_id, tmp_path, only=["tracks", "tags"], resume=True)
    assert calls(server) == {"list-events": 1, "search-tracks": 1, "search-tags": 1}
    assert tuple(manifest.resources) == ("tracks", "tags")
    assert tuple(manifest.earlier) == ("rooms",)
    assert manifest.earlier["rooms"].event_id == server.event_id
    assert set(content(tmp_path)) == {f"{name}.jsonl" for name in ("rooms", "tracks", "tags")} | {
        "manifest.json"
    }


@pytest.mark.parametrize("change", ["missing", "of another size"])
async def test_a_missing_file_of_a_complete_export_is_an_error(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    await stop_moving(server, sb, tmp_path, monkeypatch)
    moved = tmp_path / "rooms.jsonl"
    moved.unlink()
    if change != "missing":
        moved.write_bytes(b"another\n")
    with pytest.raises(FileNotFoundError, match=rf"remove .*{STAGING} to start again: .*rooms\.jsonl"):
        await export_event(sb, server.event_id, tmp_path, only=["rooms", "tracks"], resume=True)
    assert published(tmp_path) == (set() if change == "missing" else {"rooms.jsonl"})


async def test_a_later_export_is_not_replaced_by_unfinished_files(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stop_moving(server, sb, tmp_path, monkeypatch)
    await sb.tracks.create(server.event_id, name="Later")
    await export_event(sb, server.event_id, tmp_path, only=["rooms", "tracks"])
    after = content(tmp_path)
    assert set(after) == {"rooms.jsonl", "tracks.jsonl", "manifest.json"}
    await export_event(sb, server.event_id, tmp_path, only=["rooms", "tracks"], resume=True)
    assert content(tmp_path).items() >= {(name, after[name]) for name in ("rooms.jsonl", "tracks.jsonl")}


@pytest.mark.parametrize("name", ["manifest.json", "complete.json"])
@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b'{"event_id": 46', b'{"event_id": "\xff"}', b"\xff", b'{"x":' + b"[" * 100_000],
    ids=["empty", "object", "short", "text", "bytes", "deep"],
)
async def test_a_damaged_state_is_an_error(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, name: str, text: bytes
) -> None:
    (tmp_path / STAGING).mkdir()
    (tmp_path / STAGING / name).write_bytes(text)
    with pytest.raises(ValueError, match=rf"{name} is damaged \(.+\): remove .*{STAGING} to start again"):
        await export_event(sb, server.event_id, tmp_path, resume=True)
    assert (tmp_path / STAGING / name).read_bytes() == text
    assert not server.requests


@pytest.mark.parametrize(
    ("name", "value"),
    [("bytes", -1), ("records", -5), ("pages", -1), ("records", 10**400)],
    ids=["bytes", "records", "pages", "endless"],
)
async def test_an_impossible_count_is_a_damaged_state(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, name: str, value: int
) -> None:
    await interrupt(server, sb, tmp_path)
    server.requests.clear()
    path = tmp_path / STAGING / "manifest.json"
    state = json.loads(path.read_bytes())
    state["resources"]["sessions"][name] = value
    path.write_text(json.dumps(state))
    with pytest.raises(ValueError, match=rf"manifest\.json is damaged \(.+{name}.*remove"):
        await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    assert not server.requests


@pytest.mark.parametrize("resource", ["tracks", "../mine"])
async def test_no_file_out_of_the_folder_is_replaced(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    folder = tmp_path / "export"
    await stop_moving(server, sb, folder, monkeypatch)
    (tmp_path / "mine.jsonl").write_text("mine")
    path = folder / STAGING / "complete.json"
    complete = json.loads(path.read_bytes())
    complete["resources"][resource] = {**complete["resources"].pop("tracks"), "file": "../mine.jsonl"}
    path.write_text(json.dumps(complete))
    with pytest.raises(ValueError, match=r"complete\.json is damaged \('\.\./mine\.jsonl' is no file"):
        await export_event(sb, server.event_id, folder, only=["rooms", "tracks"], resume=True)
    assert (tmp_path / "mine.jsonl").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions and links")
@pytest.mark.parametrize("kind", ["short", "link", "link to nothing"])
async def test_a_complete_file_that_is_not_as_described_is_not_moved(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    folder, mine = tmp_path / "export", tmp_path / "mine"
    await stop_moving(server, sb, folder, monkeypatch)
    mine.write_bytes(b"mine")
    mine.chmod(0o600)
    path = folder / STAGING / "tracks.jsonl"
    if kind == "short":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        # The size of a link is the length of its target.
        target = str(mine if kind == "link" else tmp_path / "nothing").rjust(path.stat().st_size, "/")
        path.unlink()
        path.symlink_to(target)
    with pytest.raises(ValueError, match=r"tracks\.jsonl is damaged \(complete\.json describes another"):
        await export_event(sb, server.event_id, folder, only=["rooms", "tracks"], resume=True)
    assert published(folder) == {"rooms.jsonl"}
    assert stat.S_IMODE(mine.stat().st_mode) & 0o077 == 0


async def test_a_damaged_checkpoint_is_an_error_before_any_request(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    server.requests.clear()
    manifest = tmp_path / STAGING / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"version": 1', b'"version": 0'))
    with pytest.raises(ValueError, match=r"holds fields that cannot be resumed \(.*version 0.*\): remove it"):
        await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    assert not server.requests


async def test_a_file_that_lost_records_is_an_error(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    sessions = tmp_path / STAGING / "sessions.jsonl"
    sessions.write_bytes(sessions.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"sessions\.jsonl is shorter than its saved state: remove"):
        await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)


async def test_an_unfinished_write_is_cut_off(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    with (tmp_path / STAGING / "sessions.jsonl").open("ab") as file:
        file.write(b'{"id": "half' * 1_000_000)  # more than the rest of the export
    await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    expected, _ = await fetch(sb, server.event_id, "sessions")
    assert (tmp_path / "sessions.jsonl").read_bytes() == b"".join(record + b"\n" for record in expected)


async def test_data_may_change_before_an_export_is_resumed(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    read = (tmp_path / STAGING / "sessions.jsonl").read_bytes().splitlines()
    before = await sb.sessions.search(server.event_id).collect()
    await sb.sessions.delete(server.event_id, json.loads(read[0])["id"])
    await sb.sessions.delete(server.event_id, before[-1])
    manifest = await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    found = [json.loads(line)["id"] for line in lines(tmp_path, "sessions")]
    assert found == [talk.id for talk in before[:-1]]
    assert manifest.resources["sessions"].records == len(found)
