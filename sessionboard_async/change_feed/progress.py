"""The progress of a change feed, resource by resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import nlargest
from typing import Annotated

import msgspec

from sessionboard_async.change_feed.clocks import OVERLAP, RunClocks, newest
from sessionboard_async.change_feed.versions import Version
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint

_MOST_RECENT = 5_000
"""If more records changed within five minutes, those beyond it are reported again."""


Milliseconds = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]
"""Since 1970; within the years that a datetime can have."""
Microseconds = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000_000, le=253_402_300_799_999_999)]


class ResourceProgress(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The progress of one resource. Times are milliseconds since 1970.

    Attributes:
        watermark: The newest ``updated_at`` that was delivered: every change before it was reported.
        deletions: The newest ``deleted_at`` that was delivered, likewise.
        swept: When all ids were compared last, by the API's clock.
        swept_locally: The same by the clock of this computer.
        as_of: The earliest and latest time at which the pass under way began: the clocks may disagree.
        reading: The checkpoint of the pass under way.
        ids: The ids that were reported and not removed, and the ``updated_at`` of each in microseconds;
            empty if the caller supplies them.
        recent: Those of ``ids`` that the next run returns again, if the caller supplies ids without times.
        digests: By id, the digests of records that have no usable times.
        missing: By id, when an id was first not found, as long as its record may still exist.
    """

    watermark: Milliseconds | None = None
    deletions: Milliseconds | None = None
    swept: Milliseconds | None = None
    swept_locally: Milliseconds | None = None
    as_of: tuple[Milliseconds, Milliseconds] | None = None
    reading: Checkpoint | None = None
    ids: dict[str, Microseconds | None] = {}  # msgspec copies it
    recent: dict[str, Microseconds] = {}
    digests: dict[str, str] = {}
    missing: dict[str, Milliseconds] = {}

    def is_change(self, id_: str, version: Version, *, unknown: bool, clocks: RunClocks) -> bool:
        """Return whether a record is not the one that was reported last.

        Args:
            id_: Its id.
            version: Its version.
            unknown: The result if the version that was reported is not known.
            clocks: The clocks of the run.
        """
        if id_ not in self.ids:
            return True
        if isinstance(version, str):
            return self.digests.get(id_) != version
        reported = self.ids[id_]
        if reported is None:
            return unknown or id_ in self.digests
        # A cached answer may show a record as it was before a change of the last minutes.
        return version > reported or (version < reported and not clocks.may_be_cached(reported // 1000))

    def add_versions(self, versions: Mapping[str, Version]) -> None:
        """Save which versions of records were reported."""
        for id_, version in versions.items():
            if isinstance(version, str):
                self.ids[id_], self.digests[id_] = None, version
            else:
                self.ids[id_] = self.recent[id_] = version
                self.digests.pop(id_, None)
        if len(self.recent) > 2 * _MOST_RECENT:
            self.limit_recent()

    def limit_recent(self) -> None:
        """Forget which versions were reported of records that the next run does not return again."""
        oldest = max(self.recent.values(), default=0) - OVERLAP * 1000
        recent = [(time, id_) for id_, time in self.recent.items() if time >= oldest]
        self.recent = {id_: time for time, id_ in nlargest(_MOST_RECENT, recent)}

    def add_page(self, versions: Mapping[str, Version], as_of: tuple[int, int], reading: Checkpoint) -> None:
        """Save the versions on a page, and where its pass continues."""
        self.add_versions(versions)
        self.as_of, self.reading = as_of, reading

    def finish_pass(self, as_of: tuple[int, int], clocks: RunClocks) -> None:
        """Save that every change up to the newest delivered time was reported.

        A record may have changed after the pass had read it, so a time after the start of the pass does not
        count. If the clocks disagree about that start, the earlier one is right, unless all records of the
        first pass are newer.
        """
        if self.swept is None:
            self.finish_sweep(clocks)
        if self.watermark is not None and self.watermark > clocks.latest + OVERLAP:
            # It was saved while both clocks were wrong: begin anew.
            self.watermark = None
        else:
            times = [time for time in self.ids.values() if time is not None]
            found = newest(times, as_of[0])
            if found is None and self.watermark is None:
                found = newest(times, as_of[1])
            if found is not None:
                self.watermark = max(found, self.watermark or found)
        self.as_of = self.reading = None

    def restart_pass(self) -> None:
        """Give up the pass under way; the next one begins where it began."""
        self.as_of = self.reading = None

    def finish_deletions(self, newest: int) -> None:
        """Save that every deletion before a time was reported."""
        self.deletions = newest

    def finish_sweep(self, clocks: RunClocks) -> None:
        """Save when all ids were compared."""
        self.swept, self.swept_locally = clocks.now, clocks.local

    def set_missing(self, missing: dict[str, int]) -> None:
        """Save which ids are missing, and since when."""
        self.missing = missing

    def remove(self, ids: Iterable[str]) -> None:
        """Remove everything about some ids."""
        for id_ in ids:
            self.ids.pop(id_, None)
            self.recent.pop(id_, None)
            self.digests.pop(id_, None)
            self.missing.pop(id_, None)


class FeedProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The progress of a feed.

    Attributes:
        resources: By resource, its progress; also of resources that the run does not read.
        without_ids: Whether the caller supplied the ids, and has to do so in every later run.
    """

    resources: dict[str, ResourceProgress]
    without_ids: bool = False
