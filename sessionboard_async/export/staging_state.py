"""The state of an unfinished export, as its folder holds it, and the manifest of a complete one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from sessionboard_async._printable import printable
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.export.manifest import Manifest, RunId
from sessionboard_async.models.base import EventId

StructT = TypeVar("StructT", bound=msgspec.Struct)

STAGING_FOLDER = ".export-unfinished"
"""The staging folder of an export that can be resumed, within the target folder."""

MANIFEST = "manifest.json"
"""In the staging folder: a ``StagingState``. In the target folder: a ``Manifest``."""

COMPLETE = "complete.json"
"""The manifest of a complete export, while its files are being moved."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class FileState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The part of a file that is safely on the disk.

    Attributes:
        checkpoint: Where reading continues; ``None`` at the beginning.
        records: The number of records written.
        pages: The number of pages read.
        bytes: The size of the file with these records. Bytes after that belong to an unfinished write.
        reported: The number of records that the API reported first.
        seconds: The time it took so far.
        done: Whether all records are written.
    """

    checkpoint: Checkpoint | None = None
    records: Count = 0
    pages: Count = 0
    bytes: Count = 0
    reported: int | None = None
    seconds: float = 0.0
    done: bool = False

    @property
    def has_all_pages(self) -> bool:
        """Whether no page is left to read."""
        return self.done or (self.checkpoint is not None and self.checkpoint.done)


class StagingState(msgspec.Struct, kw_only=True):
    """The manifest of an unfinished export.

    Attributes:
        event_id: The event.
        base_url: The address of the API, or another name for the origin of the data.
        expand: The expansions included in the records, sorted, each once.
        updated_after: Only records changed after this time are read.
        run: The id of the export. One that continues an earlier attempt takes over its id.
        resources: The state of each file.
    """

    event_id: EventId
    base_url: str
    expand: tuple[str, ...]
    updated_after: str | None
    run: RunId
    resources: dict[str, FileState] = {}


def read_unfinished(target: Path) -> StagingState | Manifest | None:
    """Return the state of the unfinished export in a target folder; ``None`` if there is none.

    Raises:
        ValueError: If it is damaged.
        OSError: If it cannot be read.
    """
    folder = target / STAGING_FOLDER
    refuse_link(folder)
    # In this order: an export that is under way writes the second before it removes the first.
    return read_state(folder, MANIFEST, StagingState) or read_state(folder, COMPLETE, Manifest)


def read_published(target: Path) -> Manifest | None:
    """Return the manifest of the complete export in a target folder; ``None`` if there is none, or another.

    Raises:
        OSError: If it cannot be read.
    """
    try:
        return msgspec.json.decode((target / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError, RecursionError):
        # It only describes the files, which may be of something else.
        return None


def refuse_link(folder: Path) -> None:
    """Check that a staging folder is no symbolic link.

    Raises:
        ValueError: If it is one.
    """
    if folder.is_symlink():
        raise ValueError(f"{folder} is a symbolic link: remove it to start again")


def read_state(folder: Path, name: str, kind: type[StructT]) -> StructT | None:
    """Return what a file in a staging folder holds; ``None`` if there is no such file.

    Raises:
        ValueError: If it is damaged.
        OSError: If it cannot be read.
    """
    try:
        return msgspec.json.decode((folder / name).read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError) as error:
        raise damaged(folder, name, error) from None


def damaged(folder: Path, name: str, reason: object) -> ValueError:
    """Return the error for a damaged file in a staging folder."""
    return ValueError(f"{folder / name} is damaged ({reason}): remove {folder} to start again")


def too_short(folder: Path, name: str) -> ValueError:
    """Return the error for a file in a staging folder with less than its saved state says."""
    return ValueError(
        printable(f"{folder / name} is shorter than its saved state: remove {folder} to start again")
    )


def differences(earlier: StagingState | Manifest, wanted: StagingState) -> Sequence[str]:
    """Return in what an earlier attempt was another export than the one that is wanted."""
    pairs = {
        "event_id": (str(earlier.event_id), str(wanted.event_id)),
        "base_url": (earlier.base_url, wanted.base_url),
        "expand": (earlier.expand, wanted.expand),
        "updated_after": (earlier.updated_after, wanted.updated_after),
    }
    return [f"its {name} is {found}" for name, (found, expected) in pairs.items() if found != expected]
