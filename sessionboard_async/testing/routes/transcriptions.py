"""What the operations of transcriptions answer."""

from __future__ import annotations

from sessionboard_async.testing.operations import Handler

OPERATIONS: dict[str, Handler] = {}
