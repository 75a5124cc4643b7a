"""Reading by time: what to ask for next, from what the answers held. Pure.

Page numbers count rows, and miscount as soon as a row comes or goes. A time does not: whatever was created
up to a moment has been read or not, whatever else comes or goes. So each request asks for what was created
after the last moment that was surely read. Two consecutive answers always overlap by at least a millisecond,
which makes it matter neither whether the API's bounds are inclusive, nor whether it keeps finer times than it
shows, nor in which order it gives records of the same time.

Several pages at once need page numbers after all, since the times of what is not read yet are not known: the
second, third and so on of those after a moment that is known. Whether rows came or went meanwhile, so that
some lie between two of these pages, is seen from the times at their joint: an answer counts only where it
begins before the end of what came before it. Otherwise it is asked for again, by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE
from sessionboard_async.core.pagination.keyset_ties import Tie

_SMALLEST_OVERLAP = 3
"""In rows. Enough for pairs of the same time, and for one deletion between two answers."""
_PAGES_ALONE = 16
_EMPTY_PAGES = 3
_COARSEST = 1000
"""Milliseconds: no server is known that cuts the bounds of a search to more than whole seconds."""


class NotByTimeError(Exception):
    """The answers do not hold what reading by time needs."""


class EmptyPageError(Exception):
    """The API reports records, and sends none."""


class Position(msgspec.Struct, frozen=True):
    """How far a reading has come.

    Attributes:
        after: Whatever is older than this moment was delivered, in milliseconds since 1970; ``None`` at the
            beginning.
        near: The ids of what was delivered and is not older.
    """

    after: int | None = None
    near: frozenset[str] = frozenset()


class Span(msgspec.Struct, frozen=True):
    """A page to ask for.

    Attributes:
        after: Only what is newer, in milliseconds since 1970.
        before: Only what is older.
        page: Which page of that, from 1.
        size: How many records it shall hold at most.
        start: How many rows come before it since the beginning, as far as is known.
    """

    after: int | None
    before: int | None
    page: int
    size: int
    start: int

    @property
    def rows_before(self) -> int:
        """How many rows the pages before it hold."""
        return (self.page - 1) * self.size


class Sight(msgspec.Struct, frozen=True):
    """What an answer shows.

    Attributes:
        moments: The times of its records, in milliseconds since 1970, in ascending order.
        ids: Their ids.
        came: How many records came, unreadable ones included.
        total: How many there are in the span, as reported.
    """

    moments: Sequence[int]
    ids: Sequence[str]
    came: int
    total: int


_NOTHING = Sight((), (), 0, 0)


class New(NamedTuple):
    """Which records of an answer did not come before.

    Attributes:
        some: The places of those that are new among the first ones.
        rest: From which place on all are new.
    """

    some: Sequence[int]
    rest: int


class _Anchor(NamedTuple):
    """A row that is the first of its millisecond: how many rows come before it, and its moment."""

    start: int
    moment: int


class Timeline:
    """One reading by time.

    Args:
        size: How many new rows a page shall bring.
        position: Where to go on.
        before: The moment from which on nothing is read, in milliseconds since 1970; ``None`` for none.
        side_by_side: Whether several pages may be asked for at once.

    Attributes:
        before: As above; may be set until the first answer is taken note of.
        done: Whether all was read.
        under_way: How many of the spans that ``plan`` gave are still waited for. Where an answer shows that
            the others are of no use, it falls to 0.
    """

    def __init__(
        self, size: int, *, position: Position, before: int | None = None, side_by_side: bool = False
    ) -> None:
        self.before = before
        self.done = False
        self.under_way = 0
        self._size = size
        self._side_by_side = side_by_side
        self._settled = position.after
        self._near: dict[str, int] = {}
        self._delivered = set(position.near)
        self._newest = position.after
        self._anchors: list[_Anchor] = []
        self._reached = self._planned = self._end = 0
        self._overlap = _SMALLEST_OVERLAP
        self._alone = 0
        self._empty = 0
        self._tie: Tie | None = None
        self._tied = 0
        self._tie_is_found = False
        self._tie_not_found: int | None = None

    @property
    def position(self) -> Position:
        """How far it has come."""
        return Position(self._settled, frozenset(self._near) | self._delivered)

    @property
    def is_tied(self) -> bool:
        """Whether it reads records of one moment, of which there are more than a page holds."""
        return self._tie is not None

    @property
    def rows_under_way(self) -> int:
        """How many further rows the spans under way can bring."""
        return max(0, self._planned - self._reached) if self.under_way else 0

    def plan(self) -> Span | None:
        """Return the next span to ask for; ``None`` while there is nothing more to ask for."""
        span = None if self.done else self._next_span()
        if span is not None:
            self.under_way += 1
            self._planned = span.start + span.size
        return span

    def accept(self, span: Span, sight: Sight) -> New | None:
        """Take note of the answer to the oldest span under way.

        Returns:
            What is new; ``None`` where the answer does not follow on what came before, and does not count: it
            is asked for again.

        Raises:
            NotByTimeError: If the answers are not by time at all.
            EmptyPageError: If the API reports records, and sends none.
            UnsettledError: If the records of one moment cannot all be read.
        """
        self.under_way -= 1
        if self._tie is not None:
            new = self._new(sight)
            self._take_in_tied(self._tie, sight)
            return new
        if sight.total and not sight.came:
            self._empty += 1
            if self._empty == _EMPTY_PAGES:
                raise EmptyPageError
            self._drop_what_is_under_way()
            return None
        self._empty = 0
        if sight.came and not sight.moments:
            raise NotByTimeError("no record of a page can be read")
        if span.page > 1 and not self._follows(sight):
            return None
        if span.after is not None and sight.moments:
            oldest, newest = sight.moments[0], sight.moments[-1]
            if newest < span.after or oldest < span.after - _COARSEST:
                raise NotByTimeError("there are records from before the time after which was asked for")
        new = self._new(sight)
        self._take_in(span, sight)
        return new

    def _new(self, sight: Sight) -> New:
        some: list[int] = []
        for index, moment in enumerate(sight.moments):
            is_newer = self._tie is None and (self._newest is None or moment > self._newest)
            if is_newer and not self._delivered:
                return New(some, index)
            if sight.ids[index] in self._delivered:
                # Its time was not known until now.
                self._delivered.discard(sight.ids[index])
            elif is_newer or (
                # What is older was delivered, or came back after all of its time had been.
                (self._settled is None or moment >= self._settled) and sight.ids[index] not in self._near
            ):
                some.append(index)
        return New(some, len(sight.moments))

    def _next_span(self) -> Span | None:
        if self._tie is not None:
            tie, before = self._tie, self._bounded(self._tied + 2)
            return None if self.under_way else Span(self._settled, before, tie.page, tie.size, self._reached)
        if self._side_by_side and not self._alone and self._planned < self._end:
            span = self._furthest_span()
            if span is not None:
                return span
        if self.under_way:
            return None
        known = len(self._near) + len(self._delivered)
        return Span(self._settled, self.before, 1, self._with_room_for(known), max(0, self._reached - known))

    def _furthest_span(self) -> Span | None:
        """Return the page that reaches furthest beyond what is under way, and still overlaps it.

        Pages can only start at multiples of their size after an anchor. Of the rows of a page, one is nearly
        always where it must be for the overlap to be no larger than needed.
        """
        size = self._with_room_for(self._overlap)
        latest = self._planned - self._overlap
        starts = (
            (latest - (latest - anchor.start) % size, anchor)
            for anchor in self._anchors
            if anchor.start <= latest
        )
        start, anchor = max(starts, default=(0, None))
        if anchor is None:
            return None
        page = (start - anchor.start) // size + 1
        if page > LAST_SERVED_PAGE or start + size <= self._planned:
            return None
        return Span(anchor.moment - 1, self.before, page, size, start)

    def _with_room_for(self, known: int) -> int:
        """Return the size of a page that brings as many new rows as the caller wants on one."""
        return min(LARGEST_PAGE, self._size + known)

    def _follows(self, sight: Sight) -> bool:
        """Tell whether an answer overlaps what came before; otherwise rows may lie between the two."""
        if sight.moments and self._newest is not None and sight.moments[0] < self._newest:
            return True
        if self._overlap * 2 > self._size:
            self._alone = _PAGES_ALONE
        else:
            self._overlap *= 2
        self._drop_what_is_under_way()
        return False

    def _take_in(self, span: Span, sight: Sight) -> None:
        self._reached = span.start + sight.came
        self._end = span.start - span.rows_before + sight.total
        self._alone = max(0, self._alone - 1)
        is_next = span.page == 1 and span.after == self._settled
        if sight.moments:
            if self._side_by_side:
                self._anchors = [
                    _Anchor(span.start + index, moment)
                    for index, (before, moment) in enumerate(pairwise(sight.moments), 1)
                    if before < moment
                ]
            newest = sight.moments[-1]
            if self._newest is not None and newest <= self._newest:
                # Rows came meanwhile, or more of one time than pages overlap by: only alone is progress sure.
                newest, self._alone = self._newest, _PAGES_ALONE
            self._newest = newest
            self._settle(newest - 1, sight)
        if span.rows_before + sight.came >= sight.total or self._is_past_the_end:
            self.done, self.under_way = True, 0
            return
        if sight.came < span.size:
            # Where pages are smaller than was asked for, their numbers do not tell which rows they hold.
            self._alone = _PAGES_ALONE
            self._drop_what_is_under_way()
        if is_next and span.after is not None and sight.moments[-1] - 1 <= span.after:
            self._tie, self._tied, self._tie_is_found = Tie(), sight.moments[-1], False
            self._settled = span.after
            self._drop_what_is_under_way()

    def _take_in_tied(self, tie: Tie, sight: Sight) -> None:
        tie.accept(sight.ids, sight.came, sight.total)
        self._near.update(zip(sight.ids, sight.moments, strict=True))
        self._tie_is_found = self._tie_is_found or (bool(sight.moments) and sight.moments[-1] >= self._tied)
        if tie.settled:
            self._tie, self._end = None, 0
            if not self._tie_is_found:
                # All of it was removed, or the bounds leave out what lies between them: looking again tells.
                if self._tie_not_found == self._tied:
                    raise NotByTimeError("the API cuts the bounds of times to more than milliseconds")
                self._tie_not_found = self._tied
                return
            # All of these two milliseconds came, so that nothing of them is needed again.
            self._newest = self._tied + 2
            self._settle(self._newest - 1)
            self.done = self._is_past_the_end

    def _settle(self, after: int, sight: Sight = _NOTHING) -> None:
        """Remember what is not older than a moment before which everything came."""
        self._settled = after
        self._near = {id_: moment for id_, moment in self._near.items() if moment >= after}
        for id_, moment in zip(reversed(sight.ids), reversed(sight.moments), strict=True):
            if moment < after:
                break
            self._near[id_] = moment

    def _drop_what_is_under_way(self) -> None:
        self._planned, self.under_way = self._reached, 0

    @property
    def _is_past_the_end(self) -> bool:
        return self.before is not None and self._newest is not None and self._newest > self.before

    def _bounded(self, moment: int) -> int:
        return moment if self.before is None else min(moment, self.before)
