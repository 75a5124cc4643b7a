"""Follow what changed in an event since the last run."""

from sessionboard_async.change_feed.change import Change, ChangeKind
from sessionboard_async.change_feed.cursor import Cursor
from sessionboard_async.change_feed.feed import Batch, ChangeFeed, changes
from sessionboard_async.export.resources import RESOURCES

__all__ = ["RESOURCES", "Batch", "Change", "ChangeFeed", "ChangeKind", "Cursor", "changes"]
