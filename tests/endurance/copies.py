"""Copies of an event: exports, SQLite files, change feeds, and downloads."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from sessionboard_async import AsyncSession, Checkpoint
from sessionboard_async.change_feed import Change, ChangeFeed, changes
from sessionboard_async.export import export_event
from sessionboard_async.sqlite import sync_event
from tests.endurance.visitor import Visitor

ALL_IDS_EACH_TIME = timedelta()
_END_OF_PDF = b"%%EOF\n"


def _some_resources(visitor: Visitor) -> list[str]:
    return visitor.random.sample(list(visitor.world.ids), visitor.random.randrange(1, 4))


async def export(visitor: Visitor) -> None:
    """Export some resources, in one go or resumed until it succeeds."""
    world, folder, only = visitor.world, visitor.path(), _some_resources(visitor)
    resume = visitor.random.random() < 0.5

    async def attempt(calm: bool) -> bool:
        done = await visitor.attempt(
            export_event(
                visitor.client(), world.event, folder, only=only, resume=resume, on_progress=visitor.moved
            ),
            calm=calm,
        )
        left = {path.name for path in folder.iterdir()} if folder.exists() else set[str]()
        expected = {"manifest.json", *(f"{resource}.jsonl" for resource in only)}
        # A cancellation may come when all files are there.
        if not done.done and left - {".export-unfinished"} != expected:
            visitor.check(
                left <= ({".export-unfinished"} if resume else set()), f"left of a failed one: {left}"
            )
            return False
        unfinished = {".export-unfinished"} if not done.done and resume else set[str]()
        visitor.check(left - unfinished == expected, f"exported {left} and not {expected}")
        for resource in only:
            ids = Counter(json.loads(line)["id"] for line in _lines(folder / f"{resource}.jsonl"))
            visitor.check(ids == Counter(world.ids[resource]), f"{resource} are not exported once each")
            visitor.tally.records += ids.total()
        return True

    await visitor.until_done(attempt)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


async def sync(visitor: Visitor) -> None:
    """Copy some resources into a database, in as many runs as it takes."""
    world, path, only = visitor.world, visitor.path(".db"), _some_resources(visitor)

    async def attempt(calm: bool) -> bool:
        work = sync_event(visitor.client(), world.event, path, only=only, on_progress=visitor.moved)
        return (await visitor.attempt(work, calm=calm)).done

    if await visitor.until_done(attempt):
        for resource in only:
            ids = copied_ids(path, resource)
            visitor.check(ids == Counter(world.ids[resource]), f"{resource} are not copied once each")
            visitor.tally.records += ids.total()
    path.unlink(missing_ok=True)
    visitor.check(not [*path.parent.glob(f"{path.name}*")], "a database leaves files")


def copied_ids(path: Path, resource: str) -> Counter[str]:
    """Return the ids of a resource in a database."""
    with closing(sqlite3.connect(path)) as database:
        return Counter(id_ for (id_,) in database.execute(f"SELECT id FROM {resource}"))


async def follow(visitor: Visitor) -> None:
    """Read a change feed from its start, from checkpoint to checkpoint, in as many runs as it takes."""
    world, only = visitor.world, _some_resources(visitor)
    found: dict[str, set[str]] = {resource: set() for resource in only}
    checkpoint: Checkpoint | None = None
    by_batch = visitor.random.random() < 0.5

    async def attempt(calm: bool) -> bool:
        nonlocal checkpoint
        feed = changes(
            visitor.client(),
            world.event,
            resources=only,
            resume=checkpoint,
            prefetch=visitor.random.choice((None, 0, 8)),
        )
        visitor.tally.streams += 1
        kept: list[Checkpoint] = []
        taken = await visitor.attempt(_take(feed, found, visitor, kept if by_batch else None), calm=calm)
        if not by_batch:
            kept.append(feed.checkpoint())
        if kept:
            checkpoint = Checkpoint.from_json(kept[-1].to_json())
        return taken.done

    if await visitor.until_done(attempt):
        for resource in only:
            lost = world.ids[resource] - found[resource]
            visitor.check(not lost, f"{len(lost)} of {len(world.ids[resource])} {resource} lost by a feed")


async def _take(
    feed: ChangeFeed[Any], found: dict[str, set[str]], visitor: Visitor, checkpoints: list[Checkpoint] | None
) -> None:
    async with aclosing(feed):
        if checkpoints is None:
            async for change in feed:
                _note(change, found, visitor)
            return
        async with aclosing(feed.batches()) as batches:
            async for batch in batches:
                for change in batch.changes:
                    _note(change, found, visitor)
                checkpoints.append(batch.checkpoint)


def _note(change: Change[Any], found: dict[str, set[str]], visitor: Visitor) -> None:
    visitor.moved()
    visitor.tally.records += 1
    visitor.check(change.kind == "upsert", f"{change.kind} of {change.resource} that does not change")
    found[change.resource].add(change.id)


class Follower:
    """A database that follows the changing event during the whole run."""

    RESOURCES = ("sessions", "contacts", "rooms")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = asyncio.Lock()

    async def update(
        self,
        client: AsyncSession,
        event: int,
        *,
        compare: bool = False,
        on_progress: Callable[[object], object] = lambda _: None,
    ) -> None:
        """Bring the database up to date."""
        every = ALL_IDS_EACH_TIME if compare else timedelta(days=1)
        await sync_event(
            client, event, self.path, only=self.RESOURCES, sweep_every=every, on_progress=on_progress
        )


async def download(visitor: Visitor) -> None:
    """Download a document to a file or to an object in memory."""
    world, content = visitor.world, visitor.client().content
    if visitor.random.random() < 0.5:
        path = visitor.path(".pdf")
        got = await visitor.attempt(content.download_event_document(world.event, "event_report", path))
        # A cancellation may come when the file is there.
        visitor.check(path.exists() or not got.done, "a downloaded file is not there")
        data = path.read_bytes() if path.exists() else b""
        visitor.check(not data or data.endswith(_END_OF_PDF), "a part of a file is there")
        path.unlink(missing_ok=True)
    else:
        target = io.BytesIO()
        got = await visitor.attempt(content.download_event_document(world.event, "event_report", target))
        data = target.getvalue()
    if got.value is not None:
        visitor.check(got.value.size == len(data) and data.endswith(_END_OF_PDF), "a download is not whole")
