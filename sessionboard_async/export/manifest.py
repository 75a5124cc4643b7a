"""What an export holds, and how its files come to their places: all of them, or all when it goes on."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import datetime
from pathlib import Path

import msgspec

from sessionboard_async._version import __version__
from sessionboard_async.models.base import EventId

MANIFEST = "manifest.json"

COMPLETE = "complete.json"
"""The manifest, beside its place: from when it is there, all that is left to do is to move files."""


class ResourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What one file holds.

    Attributes:
        file: The file's name.
        records: How many records it holds.
        reported: How many the API reported last; another number means that the data changed meanwhile.
        pages: How many pages were read.
        bytes: The file's size.
        seconds: How long it took.
    """

    file: str
    records: int
    reported: int | None
    pages: int
    bytes: int
    seconds: float


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds, as it is written to ``manifest.json``.

    Attributes:
        event_id: The event.
        base_url: Where the data came from.
        started_at: When the export began, or was last gone on with.
        finished_at: When all files were there.
        seconds: How long it took since then.
        expand: What the records hold in addition.
        updated_after: Only records changed after this moment are there; ``None`` for all.
        resources: What each file holds.
        refused: The resources that the API did not give, each with its reason. Sponsors, exhibitors and more
            are features that an event may not have.
        made_by: Name and version of this package.
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
    def asked_for(self) -> set[str]:
        """Which resources were to be exported."""
        return {*self.resources, *self.refused}


def write_atomically(path: Path, content: msgspec.Struct) -> None:
    """Write a file as a whole or not at all, and have it on the disk."""
    beside = path.with_name(f".{path.name}")
    with beside.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def publish(beside: Path, place: Path, manifest: Manifest) -> None:
    """Move the files of a complete export to their places, the manifest last.

    Doing it again does what an interruption kept it from doing.

    Raises:
        IsADirectoryError: If a directory is where a file should go.
        FileNotFoundError: If a file is neither beside its place nor, as it was, there.
        OSError: If a file cannot be moved.
    """
    for name in (*(summary.file for summary in manifest.resources.values()), MANIFEST):
        if (place / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, "a directory is where a file should go", str(place / name))
    for summary in manifest.resources.values():
        if not (beside / summary.file).exists() and not _was_moved(beside, place, summary):
            raise FileNotFoundError(
                errno.ENOENT, f"a file is gone: remove {beside} to begin anew", str(beside / summary.file)
            )
    write_atomically(beside / COMPLETE, manifest)
    # How far the export has come says nothing once its files move.
    (beside / MANIFEST).unlink(missing_ok=True)
    # A manifest is never there beside files of another export.
    (place / MANIFEST).unlink(missing_ok=True)
    for resource in manifest.refused:
        (place / f"{resource}.jsonl").unlink(missing_ok=True)
    for summary in manifest.resources.values():
        if not _was_moved(beside, place, summary):
            (beside / summary.file).replace(place / summary.file)
    (beside / COMPLETE).replace(place / MANIFEST)
    shutil.rmtree(beside, ignore_errors=True)


def _was_moved(beside: Path, place: Path, summary: ResourceSummary) -> bool:
    moved = place / summary.file
    return not (beside / summary.file).exists() and moved.exists() and moved.stat().st_size == summary.bytes
