"""The checkpoint of an export: which one a folder holds, and whether it is complete."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint, read_progress
from sessionboard_async.core.threads import run_in_thread
from sessionboard_async.export.manifest import Manifest, RunId
from sessionboard_async.export.staging_state import StagingState, read_published, read_unfinished


class RunProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The progress of an export; how far each file came is beside the unfinished files.

    Attributes:
        run: The random id of the export.
        done: Whether the export is complete.
    """

    run: RunId
    done: bool = False


async def export_checkpoint(directory: str | os.PathLike[str]) -> Checkpoint | None:
    """Return the checkpoint of the export in a folder. Nothing is sent.

    ``export_event(…, resume=checkpoint)`` continues this export and no other. The checkpoint names the
    export; the data and how far it came are in the folder, which may be moved as a whole. So the checkpoint
    stays valid while the export proceeds.

    Args:
        directory: The target folder of the export.

    Returns:
        The checkpoint of the unfinished export that ``resume`` kept, once its first page is saved; otherwise
        that of the complete export that ``manifest.json`` describes, which is ``done``; ``None`` if there is
        neither.

    Raises:
        ValueError: If the unfinished files are damaged.
        OSError: If a file cannot be read.
    """
    return await run_in_thread(partial(_read_checkpoint, Path(directory)))


def read_run(resume: bool | Checkpoint, state: StagingState) -> RunId | None:
    """Return the id of the export that a checkpoint belongs to; ``None`` if ``resume`` is no checkpoint.

    Raises:
        TypeError: If ``resume`` is something else.
        ValueError: If the checkpoint is damaged, of the end, or of other arguments, by their differences.
    """
    if isinstance(resume, bool):
        return None
    if not isinstance(cast("object", resume), Checkpoint):
        raise TypeError(
            f"resume is True, False or a Checkpoint, not {type(resume).__name__}; "
            "True continues the unfinished export in the folder, or starts one that can be continued"
        )
    return read_progress(resume, _query(state), RunProgress).run


def _read_checkpoint(target: Path) -> Checkpoint | None:
    if (unfinished := read_unfinished(target)) is not None:
        return Checkpoint.of(_query(unfinished), RunProgress(run=unfinished.run))
    if (manifest := read_published(target)) is not None:
        return Checkpoint.of(_query(manifest), RunProgress(run=manifest.run, done=True))
    return None


def _query(state: StagingState | Manifest) -> Mapping[str, str | list[str]]:
    return {
        "operation": "export_event",
        "event_id": str(state.event_id),
        "base_url": state.base_url,
        "expand": list(state.expand),
        "updated_after": state.updated_after or "none",
    }
