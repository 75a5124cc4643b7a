"""The contents of ``manifest.json``."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated

import msgspec

from sessionboard_async._version import __version__
from sessionboard_async.models.base import EventId
from sessionboard_async.models.events import Event

RunId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
"""The id of an export, the same from its start to its end, however often it is resumed."""


def new_run_id() -> RunId:
    """Return a random id for an export."""
    return secrets.token_hex(8)


class ResourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of one file.

    Attributes:
        file: The name of the file.
        records: The number of records in the file.
        reported: The number of records that the API reported first; ``None`` if it reported none, or fewer
            than it had returned. Another number than ``records`` means that the data changed during the
            export, or that the API did not return all of it.
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


class EarlierFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the folder that is from an earlier export.

    Attributes:
        file: The name of the file.
        bytes: The size of the file.
        event_id: The event of that export; ``None`` if the manifest then does not describe the file as it is.
        exported_at: When that export was complete; ``None`` likewise.
    """

    file: str
    bytes: int
    event_id: EventId | None = None
    exported_at: datetime | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of an export, as written to ``manifest.json``.

    Attributes:
        event_id: The event.
        run: A random id of the export, the same however often it was resumed.
        base_url: The address of the API that the data came from, or the name passed as ``source``.
        started_at: When the export was started, or resumed last.
        finished_at: When all files were complete.
        seconds: The time from ``started_at`` to ``finished_at``.
        expand: The expansions included in the records, sorted.
        updated_after: The files hold only records changed after this time; ``None`` for all records.
        resources: The contents of each file, by resource.
        refused: The resources that the API refused, each with the reason. Sponsors, exhibitors and others
            are features that an event may not have.
        event: The event itself, with its name, time zone and features; ``None`` if the token does not see it.
        event_missing: Why there is no ``event``: the token lacks the scope ``read:events``, or may not read
            this event. ``None`` if there is one.
        earlier: The files of other resources that were in the folder before, by resource: of those that were
            refused, and of those that the export was not asked for.
        made_by: The name and version of this package.
    """

    event_id: EventId
    run: RunId
    base_url: str
    started_at: datetime
    finished_at: datetime
    seconds: float
    expand: tuple[str, ...]
    updated_after: str | None
    resources: dict[str, ResourceSummary]
    refused: dict[str, str]
    event: Event | None = None
    event_missing: str | None = None
    earlier: dict[str, EarlierFile] = {}
    made_by: str = f"sessionboard_async {__version__}"

    @property
    def requested(self) -> set[str]:
        """The resources that the export was asked for."""
        return {*self.resources, *self.refused}

    def origin_of(self, resource: str, size: int) -> tuple[EventId | None, datetime | None]:
        """Return the event of a file in the folder and the end of its export, if its size is as described.

        Args:
            resource: The resource that the file holds.
            size: The size of the file in bytes.
        """
        if (summary := self.resources.get(resource)) is not None and summary.bytes == size:
            return self.event_id, self.finished_at
        if (file := self.earlier.get(resource)) is not None and file.bytes == size:
            return file.event_id, file.exported_at
        return None, None
