"""Records, and runs of a feed that follows them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sessionboard_async import AsyncSession
from sessionboard_async.change_feed import ChangeFeed, changes
from tests.support.records_api import Record

Reported = set[tuple[str, str]]


def record(id_: str, *, hours_ago: float = 100, **values: object) -> Record:
    """Return a record with ordinary times."""
    time = (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat(timespec="milliseconds")
    return {"id": id_, "name": f"Record {id_}", "created_at": time, "updated_at": time, **values}


class Follower:
    """Runs a feed again and again, each time with the cursor of the last run.

    Attributes:
        feed: The feed of the last run.
        cursor: Its cursor, as read back from a file.
    """

    def __init__(self, sb: AsyncSession, *resources: str, **arguments: Any) -> None:
        self._sb = sb
        self._arguments = {"resources": resources, **arguments}
        self.feed: ChangeFeed[Any]
        self.cursor: Any = None

    async def run(self, **arguments: Any) -> Reported:
        """Return the kind and id of each change."""
        self.feed = changes(self._sb, 1, cursor=self.cursor, **{**self._arguments, **arguments})
        reported = [(change.kind, change.id) async for change in self.feed]
        assert len(reported) == len(set(reported))
        self.cursor = json.loads(json.dumps(self.feed.cursor))
        return set(reported)

    async def compare(self) -> Reported:
        """Run with a comparison of all records."""
        return await self.run(sweep_every=timedelta())
