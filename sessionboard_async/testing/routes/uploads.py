"""What the operations of files, recordings and media answer."""

from __future__ import annotations

from sessionboard_async.testing.operations import Handler

OPERATIONS: dict[str, Handler] = {}
