"""A checkpoint continues the export that it belongs to, and no other."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from sessionboard_async import AsyncSession, BadRequestError, Checkpoint
from sessionboard_async.export import Manifest, export_checkpoint, export_event
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.export.exports import STAGING, content, fetch, lines
from tests.export.test_resume import ONLY, calls, interrupt, stop_moving

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]


async def checkpoint_of(folder: Path) -> Checkpoint:
    checkpoint = await export_checkpoint(folder)
    assert checkpoint is not None
    return checkpoint


def unfinished(folder: Path) -> dict[str, bytes] | bool:
    """Return the unfinished files in a folder, or whether there is such a folder."""
    return content(folder / STAGING) if (folder / STAGING).exists() else folder.exists()


async def refused(
    sb: AsyncSession, event: int, folder: Path, checkpoint: Any, match: str, **arguments: Any
) -> None:
    """Check that a checkpoint is refused and the folder stays as it is."""
    before = unfinished(folder)
    with pytest.raises(ValueError, match=match):
        await export_event(sb, event, folder, **{"only": ONLY, "resume": checkpoint, **arguments})
    assert unfinished(folder) == before


# Continued


async def test_an_interrupted_export_is_continued_from_its_checkpoint(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    calls(server)
    checkpoint = await checkpoint_of(tmp_path)
    assert (checkpoint.done, checkpoint.belongs_to) == (False, f"export_event, event_id {server.event_id}")
    assert calls(server) == {}
    stored = Checkpoint.from_json(checkpoint.to_json())
    assert stored == checkpoint
    manifest = await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=stored)
    assert calls(server) == {"list-events": 1, "search-sessions": 2}
    expected, _ = await fetch(sb, server.event_id, "sessions")
    assert lines(tmp_path, "sessions") == expected
    assert manifest.run == checkpoint.progress["run"]


async def test_a_checkpoint_stays_valid_while_the_export_proceeds(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    checkpoint = await checkpoint_of(tmp_path)
    server.faults.append(Fault("status", on=2, status=400, operation="search-sessions"))
    for _ in range(2):
        with pytest.raises(BadRequestError):
            await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=checkpoint)
        assert await checkpoint_of(tmp_path) == checkpoint
        server.faults[:] = [Fault("status", every=1, status=400, operation="search-sessions")]
    server.faults.clear()
    manifest = await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=True)
    assert manifest.run == checkpoint.progress["run"]


async def test_expansions_may_come_in_another_order_and_twice(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    server.faults.append(Fault("status", on=2, status=400, operation="search-sessions"))
    arguments: Any = {"only": ["sessions"], "expand": ["translated_fields", "composition"]}
    with pytest.raises(BadRequestError):
        await export_event(sb, server.event_id, tmp_path, **arguments, resume=True)
    calls(server)
    arguments["expand"] = ["composition", "translated_fields", "composition"]
    checkpoint = await checkpoint_of(tmp_path)
    manifest = await export_event(sb, server.event_id, tmp_path, **arguments, resume=checkpoint)
    assert manifest.expand == ("composition", "translated_fields")
    bodies: list[Any] = [
        request.body for request in server.requests if request.operation == "search-sessions"
    ]
    assert {len(body["expand"]) for body in bodies} == {2}


async def test_a_folder_may_be_moved_with_its_export(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path / "before")
    checkpoint = await checkpoint_of(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    await export_event(sb, server.event_id, tmp_path / "after", only=ONLY, resume=checkpoint)
    assert len(lines(tmp_path / "after", "sessions")) == 230


@pytest.mark.parametrize("others", [(), ("tags",)])
async def test_a_complete_export_is_moved_from_its_checkpoint(
    server: EmbeddedServer,
    sb: AsyncSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    others: tuple[str, ...],
) -> None:
    await stop_moving(server, sb, tmp_path, monkeypatch)
    checkpoint = await checkpoint_of(tmp_path)
    assert not checkpoint.done
    calls(server)
    manifest = await export_event(
        sb, server.event_id, tmp_path, only=["rooms", "tracks", *others], resume=checkpoint
    )
    read = {"list-events": 1, "search-rooms": 1, "search-tracks": 1, "search-tags": 1}
    assert calls(server) == (read if others else {})
    assert [*manifest.resources] == ["rooms", "tracks", *others]
    assert manifest.run == checkpoint.progress["run"]


async def test_work_on_other_resources_is_continued_after_some_are_complete(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    checkpoint = await checkpoint_of(tmp_path)
    await export_event(sb, server.event_id, tmp_path, only=["rooms"], resume=checkpoint)
    assert await checkpoint_of(tmp_path) == checkpoint
    calls(server)
    await export_event(sb, server.event_id, tmp_path, only=["fields", "sessions"], resume=checkpoint)
    assert calls(server) == {"list-events": 1, "search-sessions": 2}
    assert (await checkpoint_of(tmp_path)).done


async def test_an_export_under_way_has_one_checkpoint_until_it_is_done(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    export = asyncio.create_task(export_event(sb, server.event_id, tmp_path, resume=True))
    seen: list[Checkpoint | None] = []
    while not export.done():
        seen.append(await export_checkpoint(tmp_path))
    manifest = await export
    found = [checkpoint for checkpoint in seen if checkpoint is not None]
    assert len(found) > 1
    assert seen[-len(found) :] == found, "an export that had a checkpoint has none"
    assert {checkpoint.progress["run"] for checkpoint in found} == {manifest.run}
    assert [checkpoint.done for checkpoint in found] == sorted(checkpoint.done for checkpoint in found)


# Done


@pytest.mark.parametrize("resume", [False, True])
async def test_the_checkpoint_of_a_complete_export_says_that_it_is_done(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, resume: bool
) -> None:
    manifest = await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=resume)
    checkpoint = await checkpoint_of(tmp_path)
    assert checkpoint.done
    assert checkpoint.progress["run"] == manifest.run
    calls(server)
    await refused(sb, server.event_id, tmp_path, checkpoint, "is of the end: everything was read")
    assert calls(server) == {}
    assert await checkpoint_of(tmp_path) == checkpoint


async def test_a_checkpoint_from_before_the_end_says_that_its_export_is_complete(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    checkpoint = await checkpoint_of(tmp_path)
    await export_event(sb, server.event_id, tmp_path, only=ONLY, resume=checkpoint)
    before = content(tmp_path)
    calls(server)
    await refused(
        sb, server.event_id, tmp_path, checkpoint, "belongs to is complete, in .*: leave out resume"
    )
    assert calls(server) == {}
    assert content(tmp_path) == before


async def test_each_export_has_an_id_of_its_own(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    runs = [(await export_event(sb, server.event_id, tmp_path, only=["rooms"])).run for _ in range(3)]
    assert len(set(runs)) == 3


# Refused


async def test_a_checkpoint_of_other_arguments_is_refused_by_their_names(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    checkpoint = await checkpoint_of(tmp_path)
    calls(server)
    first, second = server.event_ids
    await refused(sb, second, tmp_path, checkpoint, f"its event_id is '{first}', not '{second}'")
    await refused(sb, first, tmp_path, checkpoint, "its base_url is", source="elsewhere")
    await refused(sb, first, tmp_path, checkpoint, "its expand are", expand=["translated_fields"])
    since = "2026-08-01T09:00:00Z"
    await refused(sb, first, tmp_path, checkpoint, "its updated_after is 'none'", updated_after=since)
    search = sb.sessions.search(first).checkpoint()
    await refused(sb, first, tmp_path, search, "its operation is 'search-sessions', not 'export_event'")
    assert calls(server) == {}


async def test_a_checkpoint_of_another_folder_is_refused(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    await interrupt(server, sb, here)
    await interrupt(server, sb, there)
    checkpoint = await checkpoint_of(here)
    calls(server)
    await refused(sb, server.event_id, there, checkpoint, r"\.export-unfinished holds another export than")
    await refused(sb, server.event_id, tmp_path / "new", checkpoint, "new holds no unfinished export")
    assert not (tmp_path / "new").exists()
    await refused(sb, server.event_id, tmp_path / "new" / "er", checkpoint, "er holds no unfinished export")
    assert not (tmp_path / "new").exists()
    shutil.rmtree(here / STAGING)
    await refused(sb, server.event_id, here, checkpoint, "or its files were removed")
    assert calls(server) == {}


async def test_a_checkpoint_is_refused_after_a_later_export(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    await interrupt(server, sb, tmp_path)
    checkpoint = await checkpoint_of(tmp_path)
    await export_event(sb, server.event_id, tmp_path, only=ONLY)
    before = content(tmp_path)
    calls(server)
    await refused(sb, server.event_id, tmp_path, checkpoint, "holds no unfinished export")
    assert calls(server) == {}
    assert content(tmp_path) == before


@pytest.mark.parametrize("value", [None, "text", 1, {}])
async def test_something_else_is_no_checkpoint(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, value: Any
) -> None:
    with pytest.raises(
        TypeError, match=f"resume is True, False or a Checkpoint, not {type(value).__name__};"
    ):
        await export_event(sb, server.event_id, tmp_path / "new", resume=value)
    assert not (tmp_path / "new").exists()
    assert not server.requests


@pytest.mark.parametrize("is_missing", [False, True])
async def test_files_that_lack_something_are_refused_before_any_request(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, is_missing: bool
) -> None:
    await interrupt(server, sb, tmp_path)
    file = tmp_path / STAGING / "sessions.jsonl"
    if is_missing:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    calls(server)
    for resume in (await checkpoint_of(tmp_path), True):
        await refused(sb, server.event_id, tmp_path, resume, r"sessions\.jsonl is shorter than its saved")
    assert calls(server) == {}


@pytest.mark.parametrize("run", ["", "../../mine", "0" * 17, 5, None])
async def test_a_damaged_checkpoint_is_refused(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, run: object
) -> None:
    await interrupt(server, sb, tmp_path)
    calls(server)
    stored = json.loads((await checkpoint_of(tmp_path)).to_json())
    stored["progress"]["run"] = run
    checkpoint = Checkpoint.from_json(json.dumps(stored))
    await refused(sb, server.event_id, tmp_path, checkpoint, "unchanged: .*run")
    assert calls(server) == {}


# Folders without an export


async def test_a_folder_without_an_export_has_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        assert await export_checkpoint(folder) is None
    for text in (b"", b"older", b"{}", b"\xff", b'{"x":' + b"[" * 100_000):
        (tmp_path / "manifest.json").write_bytes(text)
        assert await export_checkpoint(str(tmp_path)) is None


@pytest.mark.parametrize("name", ["manifest.json", "complete.json"])
async def test_damaged_unfinished_files_are_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / STAGING).mkdir()
    (tmp_path / STAGING / name).write_bytes(b"{}")
    with pytest.raises(ValueError, match=rf"{name} is damaged \(.+\): remove .*{STAGING} to start again"):
        await export_checkpoint(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other links")
async def test_a_link_in_place_of_the_unfinished_files_is_not_followed(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    await interrupt(server, sb, target)
    (target / STAGING).rename(tmp_path / "mine")
    (target / STAGING).symlink_to(tmp_path / "mine")
    with pytest.raises(ValueError, match="is a symbolic link: remove it"):
        await export_checkpoint(target)


async def test_the_manifest_is_of_the_same_export_as_its_checkpoint(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    manifest = await export_event(
        sb,
        server.event_id,
        tmp_path,
        only=["sessions"],
        expand=["translated_fields"],
        updated_after="2020-08-01T09:00:00Z",
        source="here",
    )
    checkpoint = await checkpoint_of(tmp_path)
    assert isinstance(manifest, Manifest)
    assert checkpoint.query == {
        "operation": "export_event",
        "event_id": f"{server.event_id}",
        "base_url": "here",
        "expand": ["translated_fields"],
        "updated_after": manifest.updated_after,
    }
