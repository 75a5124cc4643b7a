"""An event loop without sleeping: when nothing is ready, its clock jumps to the next timer."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_TURN = 1e-9
_START = 1_000.0


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own: each turn takes a nanosecond, each wait no real time."""

    def __init__(self) -> None:
        self._now = _START
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0:
            # Callbacks are ready: no need to ask the system for more.
            self._loop.advance(_TURN)
            return []
        ready = super().select(0)
        if timeout is None and not ready:
            raise AssertionError("every task waits, and no timer is set: this would hang")
        self._loop.advance(_TURN if ready else max(timeout or 0.0, _TURN))
        return ready


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the time of the running loop in seconds."""
    return asyncio.get_running_loop().time()
