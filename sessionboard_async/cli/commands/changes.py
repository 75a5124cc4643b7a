"""``sessionboard changes``."""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import click
import msgspec

from sessionboard_async.change_feed import changes as follow
from sessionboard_async.cli.arguments import IdType, TargetPath, event_id
from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.cli.display import display_beside_data
from sessionboard_async.cli.options import expand_option, only_option, sweep_option
from sessionboard_async.cli.output import json_line
from sessionboard_async.cli.records.checkpoint_file import CheckpointFile
from sessionboard_async.cli.runner import advise_on_interruption, allow_refused_option, report_refusals
from sessionboard_async.export.resources import RESOURCES
from sessionboard_async.services._common.filters import Expansion


@click.command()
@click.argument("event", type=IdType())
@click.option(
    "--cursor",
    "path",
    type=TargetPath(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The file that keeps how far the last run came; it is created if it does not exist.",
)
@only_option("follow")
@expand_option(is_fixed=True)
@sweep_option
@allow_refused_option
@with_connection
async def changes(
    connection: Connection,
    event: str,
    path: Path,
    only: tuple[str, ...],
    expand: tuple[Expansion, ...],
    sweep_every: float,
    allow_refused: bool,
) -> None:
    """Print what changed in EVENT since the last run, each change as JSON on one line.

    The first run prints all records. A change has the keys kind (upsert, deleted or left_scope), resource, id
    and record, which is null for removed records. How far it came is saved after the changes were printed: an
    interrupted run prints a change again rather than never. FILE.ids beside it keeps the ids of the records
    that were printed: move or remove both together.

    NAMES may be separated by commas, and their option repeated.
    """
    advise_on_interruption("Run the same command again to continue.")
    async with connection.open(display_beside_data()) as sb:
        with CheckpointFile(path) as file:
            checkpoint = file.load()
            try:
                feed = follow(
                    sb,
                    event_id(event),
                    resources=only or RESOURCES,
                    resume=checkpoint,
                    expand=expand,
                    sweep_every=timedelta(hours=sweep_every),
                    known=file.known,
                    allow_refused=True,  # Refusals are printed below.
                ).raw()
            except ValueError as error:
                raise ValueError(f"{path}: {error}: choose another file") from None
            async with aclosing(feed.batches()) as batches:
                async for batch in batches:
                    lines = (f"{json_line(msgspec.json.encode(change))}\n" for change in batch.changes)
                    click.echo("".join(lines), nl=False)
                    file.update(batch.changes, batch.checkpoint)
    refused = {name: str(error) for name, error in feed.refused.items()}
    report_refusals(refused, allowed=allow_refused)
