"""The contents of ``manifest.json``."""

from __future__ import annotations

from datetime import datetime

import msgspec

from sessionboard_async._version import __version__
from sessionboard_async.models.base import EventId


class ResourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of one file.

    Attributes:
        file: The name of the file.
        records: The number of records in the file.
        reported: The number of records that the API reported last. Another number than ``records`` means
            that the data changed during the export.
        pages: The number of pages read.
        bytes: The size of the file.
        seconds: The time it took to read the resource.
    """

    file: str
    records: int
    reported: int | None
    pages: int
    bytes: int
    seconds: float


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of an export, as written to ``manifest.json``.

    Attributes:
        event_id: The event.
        base_url: The address of the API that the data came from.
        started_at: When the export was started, or resumed last.
        finished_at: When all files were complete.
        seconds: The time from ``started_at`` to ``finished_at``.
        expand: The expansions included in the records.
        updated_after: The files hold only records changed after this time; ``None`` for all records.
        resources: The contents of each file, by resource.
        refused: The resources that the API refused, each with the reason. Sponsors, exhibitors and others
            are features that an event may not have.
        made_by: The name and version of this package.
    """

    event_id: EventId
    base_url: str
    started_at: datetime
    finished_at: datetime
    seconds: float
    expand: tuple[str, ...]
    updated_after: str | None
    resources: dict[str, ResourceSummary]
    refused: dict[str, str]
    made_by: str = f"sessionboard_async {__version__}"

    @property
    def requested(self) -> set[str]:
        """The resources that the export was asked for."""
        return {*self.resources, *self.refused}
