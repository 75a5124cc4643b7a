"""The deadlines of calls, with one timer of the event loop for all of them."""

from __future__ import annotations

import asyncio

import pytest

from sessionboard_async.core.deadlines import Deadlines
from tests.support.virtual_time import now, run


async def wait(deadlines: Deadlines, seconds: float | None) -> float:
    """Wait until the deadline, and return how long that took."""
    began = now()
    timeout = asyncio.timeout(None)
    deadlines.add(timeout, seconds)
    try:
        with pytest.raises(TimeoutError):
            async with timeout:
                await asyncio.Event().wait()
        assert timeout.expired()
        return now() - began
    finally:
        deadlines.discard(timeout)


@pytest.mark.parametrize(
    "seconds",
    [[5.0], [5.0, 3.0], [3.0, 5.0], [1.0, 1.0, 1.0], [9.0, 2.0, 7.0, 0.5], [4.0, 4.005, 4.02], [0.0], [-1.0]],
)
def test_each_call_ends_at_its_own_deadline(seconds: list[float]) -> None:
    async def main() -> list[float]:
        deadlines = Deadlines()
        return await asyncio.gather(*(wait(deadlines, each) for each in seconds))

    taken = run(main())
    for each, time in zip(seconds, taken, strict=True):
        assert max(0.0, each) <= time < max(0.0, each) + 0.0101


def test_a_call_without_a_deadline_ends_with_all() -> None:
    async def main() -> list[float]:
        deadlines = Deadlines()
        asyncio.get_running_loop().call_later(2.0, deadlines.end_all)
        return await asyncio.gather(*(wait(deadlines, each) for each in (None, 1.0, 60.0, None)))

    none, first, later, other = run(main())
    assert first == pytest.approx(1.0, abs=0.01)
    assert (none, later, other) == pytest.approx((2.0, 2.0, 2.0), abs=0.01)


def test_a_call_that_is_done_is_left_alone() -> None:
    async def main() -> None:
        deadlines = Deadlines()
        timeout = asyncio.timeout(None)
        deadlines.add(timeout, 1.0)
        async with timeout:
            await asyncio.sleep(0.5)
        deadlines.discard(timeout)
        deadlines.discard(timeout)
        assert await wait(deadlines, 1.0) == pytest.approx(1.0, abs=0.01)
        assert not timeout.expired()

    run(main())


def test_calls_that_follow_each_other_share_a_timer() -> None:
    async def main() -> int:
        deadlines = Deadlines()
        loop = asyncio.get_running_loop()
        timers = 0
        call_at = loop.call_at

        def counted(*arguments: object, **keywords: object) -> asyncio.TimerHandle:
            nonlocal timers
            timers += 1
            return call_at(*arguments, **keywords)  # type: ignore[arg-type]  # passed on unchanged

        loop.call_at = counted  # type: ignore[method-assign]  # counts the timers of the loop
        for _ in range(100):
            timeout = asyncio.timeout(None)
            deadlines.add(timeout, 60.0)
            async with timeout:
                await asyncio.sleep(0)
            deadlines.discard(timeout)
        return timers

    assert run(main()) == 1


def test_a_call_that_takes_long_to_end_is_not_ended_twice() -> None:
    async def slow(ends: list[float]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append(now())
            # The deadlines of others pass meanwhile.
            await asyncio.sleep(10.0)
            ends.append(now())

    async def main() -> None:
        deadlines, ends = Deadlines(), list[float]()
        others = asyncio.gather(*(wait(deadlines, each) for each in (2.0, 3.0)))
        timeout = asyncio.timeout(None)
        deadlines.add(timeout, 1.0)
        began = now()
        with pytest.raises(TimeoutError):
            async with timeout:
                await slow(ends)
        deadlines.discard(timeout)
        await others
        assert [end - began for end in ends] == pytest.approx([1.0, 11.0], abs=0.01)

    run(main())


@pytest.mark.parametrize(
    ("later", "earlier", "expected"), [(5.0, 2.0, 2.0), (2.0, 5.0, 2.0), (None, 3.0, 3.0)]
)
def test_a_deadline_is_only_brought_forward(later: float | None, earlier: float, expected: float) -> None:
    async def main() -> None:
        deadlines, timeout, began = Deadlines(), asyncio.timeout(None), now()
        deadlines.add(timeout, later)
        assert deadlines.bring_forward(timeout, earlier) is (expected == earlier)
        with pytest.raises(TimeoutError):
            async with timeout:
                await asyncio.Event().wait()
        assert expected <= now() - began < expected + 0.0101
        deadlines.discard(timeout)
        # A call that has ended, or was never added, is none of its business.
        assert not deadlines.bring_forward(timeout, 0.0)

    run(main())
