"""What the operations of requests after the GDPR answer."""

from __future__ import annotations

from sessionboard_async.testing.operations import Handler

OPERATIONS: dict[str, Handler] = {}
