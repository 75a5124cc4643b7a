"""Blocking work in a worker thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")


async def run_in_thread(function: Callable[[], T]) -> T:
    """Run a blocking function in a thread, and return only when it has ended, even if cancelled.

    Other ways to wait for a thread return as soon as the task is cancelled, while the thread goes on: it
    could then write to a file that the caller has closed.

    Args:
        function: The function to run.

    Returns:
        The result of the function.

    Raises:
        CancelledError: If the task was cancelled meanwhile. An error of the function is its cause.
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
        # The traceback of the error refers to this frame: without this, they would form a cycle.
        del cancelled
