"""One JSON Lines file of an export, while it is written."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import BinaryIO

import msgspec

from sessionboard_async.core.flush import flush_file
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.export.private_files import open_private
from sessionboard_async.export.staging import Staging
from sessionboard_async.export.staging_state import FileState, too_short


class StagedFile:
    """The file of a resource in a staging folder. Every method blocks: run it in a thread.

    Args:
        staging: The staging folder.
        resource: The resource.

    Attributes:
        resource: The resource.
        name: The name of the file.
        state: How much of the file is written.
    """

    def __init__(self, staging: Staging, resource: str) -> None:
        self.resource = resource
        self.name: str = f"{resource}.jsonl"
        self.state: FileState = staging.file_state(resource)
        self._staging = staging
        self._file: BinaryIO | None = None

    def open(self) -> None:
        """Open the file where an earlier attempt left off; bytes of an unfinished write are cut off.

        Raises:
            ValueError: If the file is shorter than its saved state.
            OSError: If the file cannot be opened.
        """
        path = self._staging.folder / self.name
        self._file = open_private(path, "r+b" if path.exists() and self.state.bytes else "wb")
        if self._file.seek(0, os.SEEK_END) < self.state.bytes:
            raise too_short(self._staging.folder, self.name)
        self._file.truncate(self.state.bytes)
        self._file.seek(self.state.bytes)

    def write(self, page: Page[msgspec.Raw], checkpoint: Checkpoint, seconds: float) -> None:
        """Append the records of a page, and save the state if the export can be resumed.

        Args:
            page: The page.
            checkpoint: Where reading continues after the page.
            seconds: The time it took so far.

        Raises:
            OSError: If the file cannot be written.
        """
        assert self._file is not None  # noqa: S101  # opened before
        lines = b"".join(_line(record) for record in page.results)
        self._file.write(lines)
        state = self.state
        records, reported = state.records + len(page.results), state.reported
        # In a stream by time, the totals of later pages are made from what came and what is left.
        if reported is None and page.pagination is not None:
            total = page.pagination.total_results
            reported = total if total is not None and total >= records else None
        self.state = FileState(
            checkpoint=checkpoint,
            records=records,
            pages=state.pages + 1,
            bytes=state.bytes + len(lines),
            reported=reported,
            seconds=seconds,
        )
        if self._staging.resume:
            self._save(self._file)

    def finish(self) -> None:
        """Note that all records are written, and wait until the file is on the disk."""
        assert self._file is not None  # noqa: S101  # opened before
        self.state.done = True
        self._save(self._file)

    def close(self) -> None:
        """Close the file, if it was opened. Bytes that no earlier method flushed are of no use any more."""
        if self._file is not None:
            # On a full disk this fails as well, and would hide why the file is closed.
            with suppress(OSError):
                self._file.close()

    def _save(self, file: BinaryIO) -> None:
        flush_file(file)
        if self._staging.resume:
            self._staging.save(self.resource, self.state)


def _line(record: msgspec.Raw) -> bytes:
    content = bytes(record)
    if b"\n" in content or b"\r" in content:
        # Pretty-printed JSON; line breaks inside of strings are always escaped.
        content = msgspec.json.format(content, indent=-1)
    return content + b"\n"
