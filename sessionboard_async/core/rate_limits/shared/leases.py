"""The leases that this process holds in stores, with the event loops of their requests."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable

import msgspec

_held: dict[str, dict[str, _Lease]] = {}


class _Lease(msgspec.Struct, frozen=True):
    since: float
    loop: asyncio.AbstractEventLoop


class Leases:
    """The leases of one category in one store. They outlive the client, whose event loop may just stop.

    Args:
        key: Names the store and the category.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def hold(self, names: Iterable[str], since: float) -> None:
        """Remember leases that were asked for in the running event loop."""
        loop = asyncio.get_running_loop()
        held = _held.setdefault(self._key, {})
        for name in names:
            held[name] = _Lease(since, loop)

    def drop(self, names: Iterable[str | None]) -> None:
        """Forget leases that were not granted, or whose end the store knows."""
        held = _held.get(self._key)
        if held is not None:
            for name in names:
                if name is not None:
                    held.pop(name, None)
            if not held:
                del _held[self._key]

    def abandoned(self) -> dict[str, float]:
        """Return the leases of event loops that have stopped, and when they were asked for."""
        held = _held.get(self._key, {})
        return {name: lease.since for name, lease in list(held.items()) if not lease.loop.is_running()}


if sys.platform != "win32":
    # They are those of the parent.
    os.register_at_fork(after_in_child=_held.clear)
