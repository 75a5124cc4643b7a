"""The depth of read-ahead, from the times of a consumer. Pure arithmetic on an injected clock."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sessionboard_async.core.pagination.prefetch import EAGER, PrefetchDepth, ReadAhead

FAST, SLOW, VERY_SLOW = 0.001, 0.005, 0.05
USE = 0.002


class Consumer:
    """Reads pages, each of which takes a time to come and a time to be decoded and used."""

    def __init__(
        self,
        prefetch: PrefetchDepth | None = None,
        *,
        least: int = 1,
        most: int = 8,
        saturated: bool = False,
    ) -> None:
        self._now = 0.0
        self._least = least
        self.ahead = ReadAhead(prefetch, most=most, is_saturated=lambda: saturated, clock=lambda: self._now)

    def read(self, waits: Sequence[float], use: float = USE) -> list[int]:
        """Return the depth with which the page after each one is fetched ahead."""
        depths = []
        for number, wait in enumerate(waits):
            self.ahead.asked(least=self._least)
            self._now += wait
            self.ahead.answered()
            if not number:
                self.ahead.counted()
            depths.append(self.ahead.depth)
            self._now += use
        return depths


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        # Nothing is fetched ahead of the second page, whatever the first one cost.
        ([VERY_SLOW], [0]),
        # The pages come sooner than they are used: one is enough.
        ([FAST] * 4, [0, 1, 1, 1]),
        # The first page already shows that it takes longer, and the second that four are too few.
        ([SLOW, SLOW, FAST], [0, 8, 8]),
        ([SLOW, FAST, FAST, FAST], [0, 4, 4, 4]),
        ([SLOW, FAST, FAST, SLOW], [0, 4, 4, 8]),
        # Many times as long as the use: as many as there may be, at once.
        ([VERY_SLOW, FAST], [0, 8]),
        ([FAST, FAST, SLOW, SLOW], [0, 1, 4, 8]),
        ([FAST, FAST, VERY_SLOW], [0, 1, 8]),
    ],
)
def test_the_depth_grows_while_a_page_is_waited_for_longer_than_the_last_was_used(
    waits: list[float], expected: list[int]
) -> None:
    assert Consumer().read(waits) == expected


def test_an_eager_stream_begins_once_the_first_page_has_told_the_total() -> None:
    assert Consumer(EAGER).read([FAST, FAST, FAST]) == [4, 4, 4]
    assert Consumer(EAGER).read([SLOW, SLOW]) == [4, 8]


@pytest.mark.parametrize("depth", [0, 1, 5, 20])
def test_a_number_of_the_callers_stays(depth: int) -> None:
    assert Consumer(depth).read([VERY_SLOW] * 3) == [depth] * 3


@pytest.mark.parametrize("most", [1, 2, 4, 6])
@pytest.mark.parametrize("prefetch", [None, EAGER])
def test_the_depth_stays_within_the_concurrency_cap(prefetch: PrefetchDepth | None, most: int) -> None:
    depths = Consumer(prefetch, least=2, most=most).read([VERY_SLOW] * 5)
    assert max(depths) == depths[-1] == most


def test_waits_because_of_other_requests_are_no_reason_to_send_more() -> None:
    assert Consumer(saturated=True).read([VERY_SLOW] * 4) == [0, 1, 1, 1]


def test_a_slow_consumer_needs_no_depth() -> None:
    assert Consumer().read([SLOW] * 5, use=1.0) == [0, 1, 1, 1, 1]
