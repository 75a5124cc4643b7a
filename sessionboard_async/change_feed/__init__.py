"""Follow what changed in an event since the last run."""

from sessionboard_async.change_feed.change import Change, ChangeKind
from sessionboard_async.change_feed.feed import Batch, BatchStream, ChangeFeed, changes
from sessionboard_async.change_feed.state import KnownIds
from sessionboard_async.export.resources import RESOURCES

__all__ = ["RESOURCES", "Batch", "BatchStream", "Change", "ChangeFeed", "ChangeKind", "KnownIds", "changes"]
