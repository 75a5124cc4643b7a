"""Records, and runs of a feed that follows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sessionboard_async import AsyncSession, Checkpoint
from sessionboard_async.change_feed import ChangeFeed, changes
from tests.support.records_api import Record

Reported = set[tuple[str, str]]


def record(id_: str, *, hours_ago: float = 100, **values: object) -> Record:
    """Return a record with ordinary times."""
    time = (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat(timespec="milliseconds")
    return {"id": id_, "name": f"Record {id_}", "created_at": time, "updated_at": time, **values}


def stored(feed: ChangeFeed[Any]) -> Checkpoint:
    """Return the checkpoint of a feed as read back from a file."""
    return Checkpoint.from_json(feed.checkpoint().to_json())


class Follower:
    """Runs a feed again and again, each time from the checkpoint of the last run.

    Attributes:
        feed: The feed of the last run.
        checkpoint: Its checkpoint, as read back from a file.
    """

    def __init__(self, sb: AsyncSession, *resources: str, **arguments: Any) -> None:
        self._sb = sb
        self._arguments = {"resources": resources, **arguments}
        self.feed: ChangeFeed[Any]
        self.checkpoint: Checkpoint | None = None

    async def run(self, **arguments: Any) -> Reported:
        """Return the kind and id of each change."""
        self.feed = changes(self._sb, 1, resume=self.checkpoint, **{**self._arguments, **arguments})
        reported = [(change.kind, change.id) async for change in self.feed]
        assert len(reported) == len(set(reported))
        self.checkpoint = stored(self.feed)
        return set(reported)

    @property
    def progress(self) -> dict[str, Any]:
        """By resource, the progress in the checkpoint, to look at or to change."""
        assert self.checkpoint is not None
        resources: dict[str, Any] = self.checkpoint.progress["resources"]
        return resources

    async def compare(self) -> Reported:
        """Run with a comparison of all records."""
        return await self.run(sweep_every=timedelta())
