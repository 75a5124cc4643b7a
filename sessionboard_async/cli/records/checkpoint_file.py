"""The files that keep the checkpoint of a change feed, and the ids that were printed, between runs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import msgspec

from sessionboard_async._printable import printable
from sessionboard_async.change_feed.change import Change
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.export.private_files import replace_file
from sessionboard_async.export.target_lock import TargetLock, lock_of_file

_SHARE_OF_TIME = 10
"""There may be many ids: files that took a second to save are saved again after ten at the earliest."""

_Ids = dict[str, dict[str, str | None]]
"""By resource, the ids and the ``updated_at`` of each, as the API sent it."""


class _Generation(msgspec.Struct, frozen=True, kw_only=True):
    """What the two files have in common.

    Attributes:
        series: A random name, given when there was no checkpoint.
        number: How often the ids were saved since.
        count: The number of ids.
    """

    series: Annotated[str, msgspec.Meta(max_length=32)]
    number: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    count: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Saved(msgspec.Struct, frozen=True, kw_only=True):
    checkpoint: Checkpoint
    ids: _Generation


class _SavedIds(msgspec.Struct, frozen=True, kw_only=True):
    of: _Generation
    ids: _Ids


class CheckpointFile:
    """A file with a checkpoint and one beside it with ids, locked against other runs while they are open.

    The ids are saved first, so after a crash they may be one save ahead. They are then those of changes that
    were printed already, which the next run need not print again.

    Args:
        path: The file of the checkpoint; it is created if it does not exist, readable by its owner only. That
            of the ids has the same name and ``.ids``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        busy = "another run uses this file: wait for it, or choose another file"
        self._lock = TargetLock(lock_of_file(path), path, busy)
        self._ids: _Ids = {}
        self._generation = _Generation(series=secrets.token_hex(8), number=0, count=0)
        self._has_new_ids = False
        self._behind: Checkpoint | None = None
        self._unsaved: Checkpoint | None = None
        self._next_save = 0.0

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._save()
        finally:
            self._lock.release()

    def load(self) -> Checkpoint | None:
        """Return the checkpoint; ``None`` if there is no file. Then ids of an earlier one are left out.

        Raises:
            ValueError: If the file, or that of the ids, holds something else, or the ids do not belong to the
                checkpoint.
            OSError: If one of them cannot be read.
        """
        try:
            saved = msgspec.json.decode(self._path.read_bytes(), type=_Saved)
        except FileNotFoundError:
            saved = None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ValueError(printable(f"{self._path} holds no checkpoint: choose another file")) from None
        found = self._load_ids()
        if found is None and not (saved and saved.ids.number) and self._ids_path().exists():
            raise ValueError(
                printable(
                    f"{self._ids_path()} would be replaced, and does not hold ids of such a run: move it "
                    f"away, or choose another file than {self._path}"
                )
            )
        if saved is None:
            return None
        if found is not None and _belongs(found.of, saved.ids):
            self._ids, self._generation = found.ids, found.of
            self._behind = saved.checkpoint if found.of != saved.ids else None
        elif saved.ids.number:
            raise ValueError(
                printable(
                    f"{self._ids_path()} does not hold the {saved.ids.count:,} ids that {self._path} was "
                    "saved with: restore both files from the same time, or remove both to begin again"
                )
            )
        else:
            self._generation = saved.ids
        return saved.checkpoint

    def known(self, resource: str) -> Mapping[str, str | None]:
        """Return the ids of a resource that were printed, with the ``updated_at`` of each."""
        return self._ids.get(resource, {})

    def update(self, changes: Iterable[Change[dict[str, Any]]], checkpoint: Checkpoint) -> None:
        """Save changes and the checkpoint after them now or, at the latest, when the file is closed.

        Raises:
            OSError: If a file cannot be written.
        """
        for change in changes:
            ids = self._ids.setdefault(change.resource, {})
            if change.record is None:
                ids.pop(change.id, None)
            else:
                updated_at = change.record.get("updated_at")
                ids[change.id] = updated_at if isinstance(updated_at, str) else None
            self._has_new_ids = True
        self._unsaved = checkpoint
        if time.monotonic() >= self._next_save:
            self._save()

    def _load_ids(self) -> _SavedIds | None:
        try:
            found = msgspec.json.decode(self._ids_path().read_bytes(), type=_SavedIds)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # `load` looks whether there is a file, where that matters.
            return None
        return found if sum(map(len, found.ids.values())) == found.of.count else None

    def _save(self) -> None:
        if self._unsaved is None:
            return
        start = time.monotonic()
        if self._has_new_ids:
            if self._behind is not None:
                # After a second crash the ids would be two saves ahead.
                _replace(self._path.resolve(), _Saved(checkpoint=self._behind, ids=self._generation))
                self._behind = None
            count = sum(map(len, self._ids.values()))
            generation = msgspec.structs.replace(
                self._generation, number=self._generation.number + 1, count=count
            )
            _replace(self._ids_path(), _SavedIds(of=generation, ids=self._ids))
            self._generation, self._has_new_ids = generation, False
        # Links are followed, as when the file is read.
        _replace(self._path.resolve(), _Saved(checkpoint=self._unsaved, ids=self._generation))
        self._unsaved = None
        now = time.monotonic()
        self._next_save = now + _SHARE_OF_TIME * (now - start)

    def _ids_path(self) -> Path:
        path = self._path.resolve()
        return path.with_name(f"{path.name}.ids")


def _belongs(found: _Generation, expected: _Generation) -> bool:
    if found.series != expected.series:
        return False
    return found == expected or found.number == expected.number + 1


def _replace(path: Path, content: _Saved | _SavedIds) -> None:
    replace_file(path, msgspec.json.encode(content) + b"\n")
