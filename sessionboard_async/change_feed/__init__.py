"""Follow what changed in an event since the last run."""

from sessionboard_async.change_feed.feed import (
    RESOURCES,
    Batch,
    Change,
    ChangeFeed,
    ChangeKind,
    Cursor,
    changes,
)

__all__ = ["RESOURCES", "Batch", "Change", "ChangeFeed", "ChangeKind", "Cursor", "changes"]
