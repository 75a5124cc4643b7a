"""The folder that holds the files of an export until all of them are complete."""

from __future__ import annotations

import errno
import re
import secrets
import shutil
import stat
from collections.abc import Container, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock

import msgspec

from sessionboard_async.core.flush import flush_folder
from sessionboard_async.export.manifest import EarlierFile, Manifest, ResourceSummary, RunId
from sessionboard_async.export.private_files import keep_mode, replace_file
from sessionboard_async.export.resources import RESOURCES
from sessionboard_async.export.staging_state import (
    COMPLETE,
    MANIFEST,
    STAGING_FOLDER,
    FileState,
    StagingState,
    damaged,
    differences,
    read_published,
    read_state,
    refuse_link,
    too_short,
)
from sessionboard_async.export.target_lock import FOLDER_LOCK, TargetLock

_LEFTOVER = re.compile(r"\.export-[0-9a-f]{16}")
"""The staging folder of an export that cannot be resumed."""


class Staging:
    """The staging folder of one export. Every method blocks: run it in a thread.

    Args:
        target: The target folder.
        state: What to export. It takes over the files of an earlier attempt.
        resume: Whether to keep the folder after an interruption and to continue with an earlier one.
            Otherwise the folder belongs to this export alone and goes with it.
        run: The id of the earlier attempt that must be there; ``None`` to continue any, or none.

    Attributes:
        folder: The staging folder, in the same file system as the target folder.
        state: The state of the export.
        resume: As above.
        complete: The manifest of an earlier attempt that was complete, but whose files were not all moved.
    """

    def __init__(self, target: Path, state: StagingState, *, resume: bool, run: RunId | None = None) -> None:
        self.folder: Path = target / (STAGING_FOLDER if resume else f".export-{secrets.token_hex(8)}")
        self.resume = resume
        self.complete: Manifest | None = None
        self._target = target
        self._target_is_new = False
        self.state = state
        self._expected_run = run
        self._lock = TargetLock(
            target / FOLDER_LOCK,
            target,
            "another export writes to this folder: wait for it, or choose another",
        )
        # Files are written in several threads at once.
        self._saving = Lock()

    def prepare(self) -> None:
        """Lock the target folder, make the staging folder, and load the state of an earlier attempt.

        Leftovers of exports that were killed are removed.

        Raises:
            BlockingIOError: If another export writes to the target folder.
            ValueError: If the earlier attempt was another export, or is missing although it must be there, or
                its files are damaged.
            OSError: If a folder cannot be made, or a file cannot be read.
        """
        if not self._target.exists():
            self._validate_run(None)
            self._target.mkdir(parents=True, exist_ok=True)
            flush_folder(self._target.parent)
            self._target_is_new = True
        self._lock.acquire()
        self._remove_leftovers()
        if self.resume:
            refuse_link(self.folder)
            self._load()
        self.folder.mkdir(mode=0o700, exist_ok=self.resume)

    def file_state(self, resource: str) -> FileState:
        """Return the state of a file."""
        return self.state.resources.get(resource, FileState())

    def validate_files(self, resources: Iterable[str]) -> None:
        """Check that no file is shorter than its saved state.

        Raises:
            ValueError: If one is.
            OSError: If one cannot be read.
        """
        for resource in resources:
            path = self.folder / f"{resource}.jsonl"
            size = path.stat().st_size if path.exists() else 0
            # Opening a link is refused.
            if not path.is_symlink() and size < self.file_state(resource).bytes:
                raise too_short(self.folder, path.name)

    def save(self, resource: str, state: FileState) -> None:
        """Save the state of a file, whose content must be on the disk already."""
        with self._saving:
            self.state.resources[resource] = state
            _write(self.folder / MANIFEST, self.state)

    def earlier_files(self, *, written: Container[str]) -> dict[str, EarlierFile]:
        """Return the files of earlier exports in the target folder, by resource.

        Args:
            written: The resources whose files this export replaces.

        Raises:
            OSError: If a file cannot be read.
        """
        files: dict[str, EarlierFile] = {}
        manifest = read_published(self._target)
        for resource in RESOURCES:
            path = self._target / f"{resource}.jsonl"
            if resource not in written and path.is_file():
                size = path.stat().st_size
                event_id, exported_at = manifest.origin_of(resource, size) if manifest else (None, None)
                files[resource] = EarlierFile(
                    file=path.name, bytes=size, event_id=event_id, exported_at=exported_at
                )
        return files

    def publish(self, manifest: Manifest) -> None:
        """Save the manifest of a complete export: from here on, files only need to be moved.

        Raises:
            IsADirectoryError: If there is a folder in the place of a file.
            FileNotFoundError: If a file is neither in the staging folder nor, with its size, in the target.
            ValueError: If a file in the staging folder is a link, or has another size than the manifest says.
            OSError: If a file cannot be written.
        """
        names = [summary.file for summary in manifest.resources.values()]
        for name in (*names, MANIFEST):
            if (self._target / name).is_dir():
                raise IsADirectoryError(
                    errno.EISDIR, "a folder is in the place of a file", str(self._target / name)
                )
        for summary in manifest.resources.values():
            self._validate_staged(summary)
        if not self.resume:
            # Resuming an older export later would replace these files by older ones.
            shutil.rmtree(self._target / STAGING_FOLDER, ignore_errors=True)
        _write(self.folder / COMPLETE, manifest)
        keep_mode(self.folder / COMPLETE, self._target / MANIFEST)

    def move(self, manifest: Manifest) -> None:
        """Move the files of a published export into the target folder, the manifest last.

        After an interruption, moving again completes the work.

        Raises:
            OSError: If a file cannot be moved.
        """
        self._forget_published(manifest)
        # A manifest is never beside the files of another export.
        (self._target / MANIFEST).unlink(missing_ok=True)
        flush_folder(self._target)
        for summary in manifest.resources.values():
            if not self._is_moved(summary):
                keep_mode(self.folder / summary.file, self._target / summary.file)
                (self.folder / summary.file).replace(self._target / summary.file)
        flush_folder(self._target)
        (self.folder / COMPLETE).replace(self._target / MANIFEST)
        flush_folder(self._target)
        if not (self.folder / MANIFEST).exists():
            shutil.rmtree(self.folder, ignore_errors=True)

    def discard(self) -> None:
        """Remove the staging folder unless it can be resumed, and a new target folder if it is empty.

        Without the lock of the target folder, which another export may hold, nothing is removed from it.
        """
        if self._lock.is_held:
            can_resume = self.resume and any((self.folder / name).exists() for name in (COMPLETE, MANIFEST))
            if not can_resume:
                shutil.rmtree(self.folder, ignore_errors=True)
            self._lock.release()
        if self._target_is_new:
            with suppress(OSError):  # It is not empty.
                self._target.rmdir()

    def _remove_leftovers(self) -> None:
        """Remove the staging folders of exports that were killed: none is running while this one is."""
        for folder in self._target.iterdir():
            if _LEFTOVER.fullmatch(folder.name) and folder != self.folder:
                # It follows no link, and removes no file of that name.
                shutil.rmtree(folder, ignore_errors=True)

    def _forget_published(self, manifest: Manifest) -> None:
        """Keep the state of those resources only that a later run can still resume."""
        state = read_state(self.folder, MANIFEST, StagingState)
        if state is None:
            return
        for resource in (*manifest.resources, *manifest.refused):
            # Once its file is moved, the saved state is wrong.
            state.resources.pop(resource, None)
        if state.resources:
            _write(self.folder / MANIFEST, state)
        else:
            (self.folder / MANIFEST).unlink()

    def _load(self) -> None:
        self.complete = read_state(self.folder, COMPLETE, Manifest)
        for resource, summary in self.complete.resources.items() if self.complete else ():
            # Files are moved by these names, which may lead out of the folder.
            if resource not in RESOURCES or summary.file != f"{resource}.jsonl":
                raise damaged(self.folder, COMPLETE, f"{summary.file!r} is no file of an export")
        earlier = self.complete or read_state(self.folder, MANIFEST, StagingState)
        self._validate_run(None if earlier is None else earlier.run)
        if earlier is None:
            return
        if found := differences(earlier, self.state):
            raise ValueError(
                f"{self.folder} holds another export ({', '.join(found)}): finish it or remove it"
            )
        self.state.run = earlier.run
        if isinstance(earlier, StagingState):
            self.state.resources = earlier.resources

    def _validate_run(self, run: RunId | None) -> None:
        expected, self._expected_run = self._expected_run, None
        # After the first time, its files may have been moved, and files of other resources are to be read.
        if expected is None or run == expected:
            return
        published = read_published(self._target)
        if published is not None and published.run == expected:
            raise ValueError(
                f"the export that the checkpoint belongs to is complete, in {self._target}: leave out resume "
                "to export again"
            )
        if run is None:
            raise ValueError(
                f"{self._target} holds no unfinished export: the checkpoint belongs to another folder, or "
                "its files were removed; resume=True starts again"
            )
        raise ValueError(
            f"{self.folder} holds another export than the one that the checkpoint belongs to: resume=True "
            "continues it"
        )

    def _validate_staged(self, summary: ResourceSummary) -> None:
        path = self.folder / summary.file
        try:
            status = path.lstat()
        except FileNotFoundError:
            if self._is_moved(summary):
                return
            raise FileNotFoundError(
                errno.ENOENT, f"a file is missing: remove {self.folder} to start again", str(path)
            ) from None
        # A link would be moved in place of the data, and its own target would get another mode.
        if not stat.S_ISREG(status.st_mode) or status.st_size != summary.bytes:
            raise damaged(self.folder, summary.file, f"{COMPLETE} describes another file")

    def _is_moved(self, summary: ResourceSummary) -> bool:
        moved = self._target / summary.file
        if (self.folder / summary.file).exists() or not moved.exists():
            return False
        return moved.stat().st_size == summary.bytes


def _write(path: Path, content: msgspec.Struct) -> None:
    replace_file(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
