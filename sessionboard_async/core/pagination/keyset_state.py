"""The state of keyset pagination: the next request, from the responses so far. No I/O.

Page numbers count rows, and miscount as soon as rows are added or removed. Timestamps do not: each request
asks for the records after the last timestamp that is confirmed, up to which every record was returned. Two
consecutive responses always overlap by at least a millisecond. So it does not matter whether the API's bounds
are inclusive, whether it stores finer timestamps than it shows, or how it orders records with equal
timestamps.

Several pages at once need page numbers after all, since the timestamps of unread records are not known: the
second, third and further pages of the records after a known timestamp. Rows added or removed meanwhile show
where two of these pages meet: a response counts only if it begins before the end of the previous one.
Otherwise it is requested again, by timestamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE
from sessionboard_async.core.pagination.keyset_ties import EqualTimestamps
from sessionboard_async.core.timestamps import to_milliseconds

EARLIEST: Final = to_milliseconds(datetime.min.replace(tzinfo=UTC))
LATEST: Final = to_milliseconds(datetime.max.replace(tzinfo=UTC))

_SMALLEST_OVERLAP = 3
"""Rows. Enough for pairs with equal timestamps, and for one deletion between two responses."""
_SEQUENTIAL_PAGES = 16
_EMPTY_PAGES = 3
_COARSEST_BOUNDS = 1000
"""Milliseconds: no known server rounds the bounds of a search to more than whole seconds."""


class KeysetUnsupportedError(Exception):
    """The responses do not hold what keyset pagination needs."""


class EmptyPageError(Exception):
    """The API reports records and returns none."""


class KeysetPosition(msgspec.Struct, frozen=True):
    """The progress of keyset pagination.

    Attributes:
        after: Everything older than this timestamp was delivered, in milliseconds since 1970; ``None`` at
            the start.
        recent_ids: The ids of the delivered records that are not older.
    """

    after: int | None = None
    recent_ids: frozenset[str] = frozenset()


class KeysetRequest(msgspec.Struct, frozen=True):
    """A page to request.

    Attributes:
        after: Only records after this timestamp, in milliseconds since 1970.
        before: Only records before this timestamp.
        number: The number of the page in that range, from 1.
        size: The most records on the page.
        start: The number of rows from the start of the stream to this page, as far as known.
    """

    after: int | None
    before: int | None
    number: int
    size: int
    start: int

    @property
    def rows_before(self) -> int:
        """The number of rows on the earlier pages of its range."""
        return (self.number - 1) * self.size


class Observation(msgspec.Struct, frozen=True):
    """The facts of a response that decide about the next request.

    Attributes:
        timestamps: The timestamps of its records, in milliseconds since 1970, ascending.
        ids: The ids of its records.
        rows: The number of its rows, unreadable ones included.
        total: The number of records in the requested range, as reported.
    """

    timestamps: Sequence[int]
    ids: Sequence[str]
    rows: int
    total: int


_NOTHING = Observation((), (), 0, 0)


class NewRecords(NamedTuple):
    """The records of a response that were not delivered before.

    Attributes:
        indexes: The positions of the new records among the first ones.
        rest: The position from which on all records are new.
    """

    indexes: Sequence[int]
    rest: int


class _Anchor(NamedTuple):
    """A row that is the first of its millisecond: its position in the stream, and its timestamp."""

    start: int
    timestamp: int


class KeysetState:
    """The state of one keyset iteration.

    Args:
        size: The number of new rows that a page should return.
        position: Where to start.
        before: The timestamp at which reading ends, in milliseconds since 1970; ``None`` for no end.
        is_concurrent: Whether several pages may be requested at once.

    Attributes:
        before: As above; may be set at any time, to a timestamp that was not reached.
        done: Whether everything was read.
        is_concurrent: As above; may be set at any time.
        pending: The number of requests from ``plan`` whose responses are awaited. It falls to 0 when a
            response makes the others useless.
    """

    def __init__(
        self, size: int, *, position: KeysetPosition, before: int | None = None, is_concurrent: bool = False
    ) -> None:
        self.before: int | None = before
        self.done: bool = False
        self.is_concurrent: bool = is_concurrent
        self.pending: int = 0
        self._size = size
        self._confirmed = position.after
        self._recent: dict[str, int] = {}
        # Delivered before this iteration, with unknown timestamps.
        self._delivered_ids = set(position.recent_ids)
        self._newest = position.after
        self._last_start = 0
        self._last_timestamps: Sequence[int] = ()
        self._anchors: list[_Anchor] | None = None
        self._reached = self._planned = self._end = 0
        self._overlap = _SMALLEST_OVERLAP
        self._sequential_pages = 0
        self._empty_pages = 0
        self._equal: EqualTimestamps | None = None
        self._equal_timestamp = 0
        self._equal_is_found = False
        self._equal_not_found: int | None = None
        self._has_additions = False
        self._first_end: int | None = None

    @property
    def position(self) -> KeysetPosition:
        """The progress so far."""
        return KeysetPosition(self._confirmed, frozenset(self._recent) | self._delivered_ids)

    @property
    def reads_equal_timestamps(self) -> bool:
        """Whether it is reading more records with equal timestamps than a page holds."""
        return self._equal is not None

    @property
    def pending_rows(self) -> int:
        """The most further rows that the pending requests can return."""
        return max(0, self._planned - self._reached) if self.pending else 0

    def stop(self) -> None:
        """End the iteration, although the API reports more records."""
        self.done, self.pending = True, 0

    def plan(self) -> KeysetRequest | None:
        """Return the next request; ``None`` if there is nothing to request for now."""
        request = None if self.done else self._next_request()
        if request is not None:
            self.pending += 1
            self._planned = request.start + request.size
        return request

    def accept(self, request: KeysetRequest, observed: Observation) -> NewRecords | None:
        """Process the response to the oldest pending request.

        Returns:
            The new records; ``None`` if the response does not continue the previous one. Such a response does
            not count, and its records are requested again.

        Raises:
            KeysetUnsupportedError: If the responses do not follow the timestamps.
            EmptyPageError: If the API reports records and returns none.
            IncompleteTimestampsError: If records with equal timestamps cannot all be read.
        """
        self.pending -= 1
        if self._equal is not None:
            new = self._new_records(observed)
            self._accept_equal(self._equal, observed)
            return new
        if observed.total and not observed.rows:
            self._empty_pages += 1
            if self._empty_pages == _EMPTY_PAGES:
                raise EmptyPageError
            # One request after the other shows whether the API returns none for long.
            self._sequential_pages = _SEQUENTIAL_PAGES
            self._drop_pending()
            return None
        self._empty_pages = 0
        if observed.rows and not observed.timestamps:
            raise KeysetUnsupportedError("no record of a page can be read")
        if request.number > 1 and not self._overlaps(observed):
            return None
        if request.after is not None and observed.timestamps:
            oldest, newest = observed.timestamps[0], observed.timestamps[-1]
            if newest < request.after or oldest < request.after - _COARSEST_BOUNDS:
                raise KeysetUnsupportedError("the API returned records from before the requested time")
        new = self._new_records(observed)
        self._advance(request, observed)
        return new

    def _new_records(self, observed: Observation) -> NewRecords:
        indexes: list[int] = []
        for index, timestamp in enumerate(observed.timestamps):
            is_newer = self._equal is None and (self._newest is None or timestamp > self._newest)
            if is_newer and not self._delivered_ids:
                return NewRecords(indexes, index)
            if observed.ids[index] in self._delivered_ids:
                # Its timestamp is known from now on.
                self._delivered_ids.discard(observed.ids[index])
            elif is_newer or (
                # Older records were delivered, or reappeared after their timestamp was confirmed.
                (self._confirmed is None or timestamp >= self._confirmed)
                and observed.ids[index] not in self._recent
            ):
                indexes.append(index)
        return NewRecords(indexes, len(observed.timestamps))

    def _next_request(self) -> KeysetRequest | None:
        if self._equal is not None:
            equal, before = self._equal, self._bounded(self._equal_timestamp + 2)
            if self.pending:
                return None
            return KeysetRequest(self._confirmed, before, equal.page, equal.size, self._reached)
        if self.is_concurrent and not self._sequential_pages and self._planned < self._end:
            request = self._furthest_request()
            if request is not None:
                return request
        if self.pending:
            return None
        known = len(self._recent) + len(self._delivered_ids)
        return KeysetRequest(
            self._confirmed, self.before, 1, self._with_room_for(known), max(0, self._reached - known)
        )

    def _furthest_request(self) -> KeysetRequest | None:
        """Return the page that reaches furthest beyond the pending ones and still overlaps them.

        Pages start at multiples of their size after an anchor. With the many anchors of a page, one of them
        nearly always makes the overlap no larger than needed.
        """
        if self._anchors is None:
            self._anchors = [
                _Anchor(self._last_start + index, timestamp)
                for index, (before, timestamp) in enumerate(pairwise(self._last_timestamps), 1)
                if before < timestamp
            ]
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
        number = (start - anchor.start) // size + 1
        if number > LAST_SERVED_PAGE or start + size <= self._planned:
            return None
        return KeysetRequest(anchor.timestamp - 1, self.before, number, size, start)

    def _with_room_for(self, known: int) -> int:
        """Return the size of a page that holds the known rows besides the new ones."""
        return min(LARGEST_PAGE, self._size + known)

    def _overlaps(self, observed: Observation) -> bool:
        """Return whether a response overlaps the previous one; otherwise rows may lie between them."""
        if observed.timestamps and self._newest is not None and observed.timestamps[0] < self._newest:
            return True
        if self._overlap * 2 > self._size:
            self._sequential_pages = _SEQUENTIAL_PAGES
        else:
            self._overlap *= 2
        self._drop_pending()
        return False

    def _advance(self, request: KeysetRequest, observed: Observation) -> None:
        self._reached = request.start + observed.rows
        self._end = request.start - request.rows_before + observed.total
        self._sequential_pages = max(0, self._sequential_pages - 1)
        is_next = request.number == 1 and request.after == self._confirmed
        if observed.timestamps:
            # Its anchors are computed when several pages are requested at once.
            self._last_start, self._last_timestamps, self._anchors = request.start, observed.timestamps, None
            newest = observed.timestamps[-1]
            if self._newest is not None and newest <= self._newest:
                # Rows were added, or more have equal timestamps than pages overlap by: concurrent pages might
                # make no progress.
                newest, self._sequential_pages = self._newest, _SEQUENTIAL_PAGES
            self._newest = newest
            self._confirm(newest - 1, observed)
        if self._first_end is None:
            self._first_end = self._end
        # If more rows came than there were at first, the total of a full page may count that page alone.
        is_doubtful = observed.rows >= request.size and self._reached > self._first_end
        is_last = request.rows_before + observed.rows >= observed.total and not is_doubtful
        if is_last or self._is_past_the_end:
            self.done, self.pending = True, 0
            return
        if observed.rows < request.size:
            # If pages are smaller than requested, their numbers do not determine which rows they hold.
            self._sequential_pages = _SEQUENTIAL_PAGES
            self._drop_pending()
        if is_next and request.after is not None and observed.timestamps[-1] - 1 <= request.after:
            self._equal = EqualTimestamps(has_additions=self._has_additions)
            self._equal_timestamp = observed.timestamps[-1]
            self._equal_is_found = False
            self._confirmed = request.after
            self._drop_pending()

    def _accept_equal(self, equal: EqualTimestamps, observed: Observation) -> None:
        equal.accept(observed.ids, observed.rows, observed.total)
        self._recent.update(zip(observed.ids, observed.timestamps, strict=True))
        if observed.timestamps and observed.timestamps[-1] >= self._equal_timestamp:
            self._equal_is_found = True
        if not equal.complete:
            return
        self._equal, self._end, self._has_additions = None, 0, equal.has_additions
        if not self._equal_is_found:
            # Either all of them were removed, or the API rounds the bounds. Reading again shows which.
            if self._equal_not_found == self._confirmed:
                raise KeysetUnsupportedError("the API rounds the bounds of times to more than milliseconds")
            self._equal_not_found = self._confirmed
            return
        # These two milliseconds are complete, so that nothing in them is needed again.
        self._newest = self._equal_timestamp + 2
        self._confirm(self._newest - 1)
        self.done = self._is_past_the_end or self._newest > LATEST

    def _confirm(self, after: int, observed: Observation = _NOTHING) -> None:
        """Confirm everything before a timestamp, and keep the ids of the records that are not older."""
        self._confirmed = after
        self._recent = {id_: timestamp for id_, timestamp in self._recent.items() if timestamp >= after}
        for id_, timestamp in zip(reversed(observed.ids), reversed(observed.timestamps), strict=True):
            if timestamp < after:
                break
            self._recent[id_] = timestamp

    def _drop_pending(self) -> None:
        self._planned, self.pending = self._reached, 0

    @property
    def _is_past_the_end(self) -> bool:
        return self.before is not None and self._newest is not None and self._newest > self.before

    def _bounded(self, timestamp: int) -> int:
        return timestamp if self.before is None else min(timestamp, self.before)
