"""Work that blocks, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")


async def run_in_thread(function: Callable[[], T]) -> T:
    """Run what blocks in a thread, and give back control only when it has ended, even when cancelled.

    ``Task.cancel()`` ends any other wait for a thread at once, and the thread goes on behind the back of
    whoever closes the file that it writes.

    Args:
        function: What to run.

    Returns:
        What it returned.

    Raises:
        CancelledError: If the task was cancelled meanwhile; an error of the function is its cause.
    """
    await anyio.lowlevel.checkpoint_if_cancelled()
    running = asyncio.ensure_future(anyio.to_thread.run_sync(function))
    cancelled: asyncio.CancelledError | None = None
    try:
        with anyio.CancelScope(shield=True):
            while not running.done():
                try:
                    await asyncio.wait({running})
                except asyncio.CancelledError as error:
                    cancelled = error
        if cancelled is not None:
            raise cancelled from running.exception()
        return running.result()
    finally:
        # Its traceback holds this frame.
        del cancelled
