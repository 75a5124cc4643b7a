"""``sessionboard sync``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import anyio
import click
from msgspec.structs import replace

from sessionboard_async.cli.arguments import IdType, TargetPath, event_id, names_option
from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.cli.display import StatusDisplay, with_display
from sessionboard_async.cli.options import expand_option, only_option, sweep_option
from sessionboard_async.cli.records.totals import reported_totals
from sessionboard_async.cli.runner import advise_on_interruption, allow_refused_option, report_refusals
from sessionboard_async.export.exporter import ExportProgress
from sessionboard_async.export.resources import RESOURCES
from sessionboard_async.services._common.filters import Expansion


@click.command()
@click.argument("event", type=IdType())
@click.option(
    "--to",
    "path",
    type=TargetPath(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The database file; it is created if it does not exist.",
)
@only_option("read")
@expand_option(is_fixed=True)
@names_option(
    "--languages",
    help="Languages to add a view of the sessions for: fr adds talks_fr. Needs --expand translated_fields.",
)
@sweep_option
@allow_refused_option
@with_connection
@with_display
async def sync(
    connection: Connection,
    display: StatusDisplay,
    event: str,
    path: Path,
    only: tuple[str, ...],
    expand: tuple[Expansion, ...],
    languages: tuple[str, ...],
    sweep_every: float,
    allow_refused: bool,
) -> None:
    """Copy EVENT into a SQLite database; later runs apply the changes.

    A run may be interrupted at any moment, and the next run continues. If the API refuses some of the
    resources, their records stay as they are, and the exit status is 3.

    NAMES may be separated by commas, and their option repeated.
    """
    # SQLAlchemy is slow to import.
    from sessionboard_async.sqlite.sync import sync_event
    from sessionboard_async.sqlite.views import EXPANSION, view_languages

    if languages and EXPANSION not in expand:
        raise click.UsageError(f"--languages needs --expand {EXPANSION}")
    try:
        view_languages(languages, expand)
    except ValueError as error:
        raise click.UsageError(f"--languages: {error}") from None
    advise_on_interruption("Run the same command again to continue.")
    async with connection.open(display) as sb:
        # Later runs read what changed, and nothing reports how much that is.
        counts = display.shows_time_left and not await anyio.Path(path).exists()
        totals = await reported_totals(sb, event_id(event), only or RESOURCES) if counts else {}

        def show(progress: ExportProgress) -> None:
            display.show_progress(replace(progress, total=totals.get(progress.resource)))

        summary = await sync_event(
            sb,
            event_id(event),
            path,
            only=only or RESOURCES,
            expand=expand,
            languages=languages,
            sweep_every=timedelta(hours=sweep_every),
            allow_refused=True,  # Refusals are printed below.
            source=connection.source,
            on_progress=show,
        )
    display.summarize(
        f"{summary.upserted} records written and {summary.removed} removed; {path} holds "
        f"{sum(summary.counts.values())}"
    )
    report_refusals(summary.refused, allowed=allow_refused)
