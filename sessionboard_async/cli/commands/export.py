"""``sessionboard export``."""

from __future__ import annotations

from pathlib import Path

import click

from sessionboard_async.cli.arguments import IdType, TargetPath, TimeType, event_id
from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.cli.display import StatusDisplay, with_display
from sessionboard_async.cli.options import expand_option, only_option
from sessionboard_async.cli.output import show
from sessionboard_async.cli.runner import advise_on_interruption, allow_refused_option, report_refusals
from sessionboard_async.export.exporter import export_event
from sessionboard_async.export.manifest import Manifest
from sessionboard_async.export.resources import RESOURCES
from sessionboard_async.services._common.filters import Expansion


@click.command()
@click.argument("event", type=IdType())
@click.option(
    "--to",
    "directory",
    type=TargetPath(file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help="The target folder; it is created if it does not exist.",
)
@only_option("read")
@expand_option()
@click.option(
    "--updated-after",
    type=TimeType(),
    metavar="TIME",
    help="Export only records changed after this time, such as 2026-08-01T09:00:00Z.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=16,
    show_default=True,
    metavar="NUMBER",
    help="The number of resources read, and of requests in flight, at a time.",
)
@click.option(
    "--resume", is_flag=True, help="Keep unfinished files, and continue an interrupted export that kept them."
)
@allow_refused_option
@with_connection
@with_display
async def export(
    connection: Connection,
    display: StatusDisplay,
    event: str,
    directory: Path,
    only: tuple[str, ...],
    expand: tuple[Expansion, ...],
    updated_after: str | None,
    concurrency: int,
    resume: bool,
    allow_refused: bool,
) -> None:
    """Write the data of EVENT to a folder: one JSON Lines file per resource, and a manifest.

    Files appear only when the whole export succeeds. If the API refuses some of the resources, their earlier
    files stay, and the exit status is 3.

    NAMES may be separated by commas, and their option repeated.
    """
    advise_on_interruption(
        "Run the same command again to continue."
        if resume
        else "An export that is started with --resume can be continued."
    )
    async with connection.open(display, concurrency=concurrency) as sb:
        manifest = await export_event(
            sb,
            event_id(event),
            directory,
            only=only or RESOURCES,
            expand=expand,
            updated_after=updated_after,
            concurrency=concurrency,
            resume=resume,
            allow_refused=True,  # Refusals are printed below.
            source=connection.source,
            on_progress=display.show_progress,
        )
    _warn(manifest, directory)
    records = sum(summary.records for summary in manifest.resources.values())
    display.summarize(
        f"{records} records in {len(manifest.resources)} files, {manifest.seconds:.1f} s: "
        f"{directory / 'manifest.json'}"
    )
    report_refusals(manifest.refused, allowed=allow_refused)


def _warn(manifest: Manifest, directory: Path) -> None:
    if manifest.event_missing is not None:
        show(f"Warning: the event's name and time zone were not read: {manifest.event_missing}", err=True)
    for resource, summary in manifest.resources.items():
        if summary.reported is not None and summary.reported != summary.records:
            show(
                f"Warning: {summary.records} {resource} were read and {summary.reported} reported: "
                "the data changed during the export, or the API did not return all of it",
                err=True,
            )
    for resource, file in manifest.earlier.items():
        if resource in manifest.refused:
            show(f"Warning: {directory / file.file} is from an earlier export", err=True)
