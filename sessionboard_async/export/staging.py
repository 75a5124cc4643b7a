"""An export that may be interrupted at any moment, and gone on with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, TypeVar

import msgspec

from sessionboard_async.export.manifest import COMPLETE, MANIFEST, Manifest, write_atomically
from sessionboard_async.models.base import EventId

StructT = TypeVar("StructT", bound=msgspec.Struct)

STAGING_FOLDER = ".export-unfinished"
"""The directory, within that of the export, in which the files of an unfinished one are."""


class FileState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far one file has come.

    Attributes:
        checkpoint: Where to go on; ``None`` at the beginning.
        records: How many records are surely written.
        pages: How many pages were read.
        bytes: How long the file is with these records. What follows was not finished.
        reported: How many records the API reported last.
        seconds: How long it took.
        done: Whether all is written.
    """

    checkpoint: dict[str, Any] | None = None
    records: int = 0
    pages: int = 0
    bytes: int = 0
    reported: int | None = None
    seconds: float = 0.0
    done: bool = False


class StagingState(msgspec.Struct, kw_only=True):
    """What the manifest of an unfinished export says.

    Attributes:
        event_id: The event.
        base_url: Where the data comes from.
        expand: What the records hold in addition.
        updated_after: Only records changed after this moment.
        resources: How far each file has come.
    """

    event_id: EventId
    base_url: str
    expand: tuple[str, ...]
    updated_after: str | None
    resources: dict[str, FileState] = {}


class Staging:
    """The files of an unfinished export, which outlast an interruption.

    Args:
        directory: Where the export goes.
        progress: What is to be exported; it takes over how far an earlier attempt has come.

    Attributes:
        place: Where its files are until it is complete.
        complete: The manifest, if the export is complete and only its files are not all in their places.

    Raises:
        ValueError: If what was begun there is another export, or damaged.
        OSError: If a file cannot be read or written.
    """

    def __init__(self, directory: Path, progress: StagingState) -> None:
        self.place = directory / STAGING_FOLDER
        self._progress = progress
        self._saving = Lock()
        self.complete = self._read(COMPLETE, Manifest)
        earlier = self.complete or self._read(MANIFEST, StagingState)
        if earlier is not None:
            self._expect(earlier)
        if isinstance(earlier, StagingState):
            self._progress.resources = earlier.resources
        self.place.mkdir(parents=True, exist_ok=True)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to go on with."""
        return not any((self.place / name).exists() for name in (COMPLETE, MANIFEST))

    def file_state(self, resource: str) -> FileState:
        """Return how far a file has come."""
        return self._progress.resources.get(resource, FileState())

    def open(self, resource: str) -> BinaryIO:
        """Open a file to write what follows; what was written without being sure is cut off."""
        path = self.place / f"{resource}.jsonl"
        part = self.file_state(resource)
        file = path.open("r+b" if path.exists() and part.bytes else "wb")
        try:
            if file.seek(0, os.SEEK_END) < part.bytes:
                raise ValueError(f"{path} is shorter than it was: remove {self.place} to begin anew")
            file.truncate(part.bytes)
            file.seek(part.bytes)
        except BaseException:
            file.close()
            raise
        return file

    def save(self, resource: str, part: FileState) -> None:
        """Keep how far a file has come; its content is surely on the disk before."""
        # Files are written in several threads at once.
        with self._saving:
            self._progress.resources[resource] = part
            write_atomically(self.place / MANIFEST, self._progress)

    def _read(self, name: str, kind: type[StructT]) -> StructT | None:
        path = self.place / name
        if not path.exists():
            return None
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except ValueError as error:
            raise ValueError(f"{path} is damaged ({error}): remove {self.place} to begin anew") from None

    def _expect(self, earlier: StagingState | Manifest) -> None:
        if differences := _differences(earlier, self._progress):
            raise ValueError(
                f"{self.place} holds another export ({', '.join(differences)}): finish that one, or remove it"
            )


def _differences(earlier: StagingState | Manifest, wanted: StagingState) -> Sequence[str]:
    names = ("event_id", "base_url", "expand", "updated_after")
    return [
        f"its {name} is {getattr(earlier, name)!r}"
        for name in names
        if str(getattr(earlier, name)) != str(getattr(wanted, name))
    ]
