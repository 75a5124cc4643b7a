"""Commands: argument parsing and output."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sessionboard_async import AuthenticationError, __version__
from sessionboard_async._printable import printable
from sessionboard_async.cli.arguments import TargetPath, event_id, finite
from sessionboard_async.cli.coverage import CoveredOperation, covered_operations
from sessionboard_async.cli.display import StatusDisplay
from sessionboard_async.cli.output import escape_unencodable, show
from sessionboard_async.cli.runner import (
    Connection,
    allow_refused_option,
    report_refusals,
    run_command,
    with_connection,
)
from sessionboard_async.core.http.base_url import Region
from sessionboard_async.export.exporter import export_event
from sessionboard_async.export.manifest import Manifest
from sessionboard_async.export.resources import RESOURCES, validate_resources
from sessionboard_async.models import Event
from sessionboard_async.services._common.filters import Expansion
from sessionboard_async.testing import EmbeddedServer, ServerLimits
from sessionboard_async.testing.rate_limits import HeaderStyle

_ANY_WIDTH = 10_000
"""A width that no terminal reaches."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sessionboard")
def sessionboard() -> None:
    """Read the data of Sessionboard events.

    The token comes from SESSIONBOARD_TOKEN, the region from SESSIONBOARD_REGION (us or eu).
    """
    escape_unencodable()


@sessionboard.command()
@with_connection
async def events(connection: Connection) -> None:
    """List the events that the token can read."""
    async with connection.open() as sb:
        found = await sb.events.list().collect()
    console = Console()
    if console.is_terminal:
        table = Table("id", "name", "time zone")
        for event in found:
            table.add_row(*(Text(cell) for cell in _cells(event)))
        console.print(table)
        return
    for event in found:
        click.echo("\t".join(_cells(event)))


def _cells(event: Event) -> list[str]:
    # Tabs and line ends divide cells and rows.
    cells = (" ".join(str(cell or "").split()) for cell in (event.id, event.name, event.timezone))
    return [printable(cell) for cell in cells]


@sessionboard.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def endpoints(as_json: bool) -> None:
    """List all operations of the API with the methods that call them."""
    covered = covered_operations()
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(covered)))
        return
    columns = CoveredOperation.__struct_fields__
    rows = [[getattr(operation, column) or "" for column in columns] for operation in covered]
    console = Console()
    if not console.is_terminal:
        for row in rows:
            click.echo("\t".join(row))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*map(Text, row))
    if console.measure(table, options=console.options.update(width=_ANY_WIDTH)).maximum <= console.width:
        console.print(table)
        return
    for operation in covered:
        console.print(Text(f"{operation.calls} ({operation.operation})", style="bold"), soft_wrap=True)
        console.print(Text(f"  {operation.method} {operation.path}"), soft_wrap=True)
        for name in ("scope", "limit"):
            if value := getattr(operation, name):
                console.print(Text(f"  {name} {value}"), soft_wrap=True)


@sessionboard.command()
@with_connection
async def check(connection: Connection) -> None:
    """Check whether the token works, and in which region."""
    choices = [connection]
    if not (connection.region or connection.base_url or connection.embedded):
        choices = [replace(connection, region=region) for region in get_args(Region)]
    refused: AuthenticationError | None = None
    for choice in choices:
        try:
            async with choice.open() as sb:
                count = await sb.events.list().count()
        except AuthenticationError as error:
            refused = error
            continue
        where = f"in {choice.region or 'the default region'}"
        if choice.base_url:
            where = "at the given address"
        if choice.embedded:
            where = "on the embedded server"
        show(f"The token works {where} ({sb.base_url}): it can read {count} events.")
        return
    if refused is not None and len(choices) > 1:
        raise click.ClickException("the token works in no region: it is invalid or revoked")
    if refused is not None:
        raise refused


@sessionboard.command()
@click.argument("event")
@click.option(
    "--to",
    "directory",
    type=TargetPath(file_okay=False, path_type=Path),
    required=True,
    help="The target folder.",
)
@click.option("--only", help=f"Resources, separated by commas: {', '.join(RESOURCES)}; all by default.")
@click.option(
    "--expand",
    multiple=True,
    type=click.Choice(get_args(Expansion)),
    help="An expansion to include in the records; can be repeated.",
)
@click.option(
    "--updated-after", help="Export only records changed after this time, such as 2026-08-01T09:00:00Z."
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="The number of resources read, and of requests in flight, at a time.",
)
@click.option(
    "--resume", is_flag=True, help="Keep unfinished files, and continue an interrupted export that kept them."
)
@allow_refused_option
@with_connection
async def export(
    connection: Connection,
    event: str,
    directory: Path,
    only: str | None,
    expand: tuple[Expansion, ...],
    updated_after: str | None,
    concurrency: int,
    resume: bool,
    allow_refused: bool,
) -> None:
    """Write the data of EVENT to a folder: one JSON Lines file per resource, and a manifest.

    Files appear only when the whole export succeeds. If the API refuses some of the resources, their earlier
    files stay, and the exit status is 3.
    """
    display = StatusDisplay()
    async with connection.open(display, concurrency=concurrency) as sb:
        manifest = await export_event(
            sb,
            event_id(event),
            directory,
            only=_resources(only),
            expand=expand,
            updated_after=updated_after,
            concurrency=concurrency,
            resume=resume,
            allow_refused=True,  # Refusals are printed below.
            source=connection.source,
            on_progress=display.show_progress,
        )
    _summarize(manifest, directory)
    report_refusals(manifest.refused, allowed=allow_refused)


@sessionboard.command()
@click.argument("event")
@click.option(
    "--to",
    "path",
    type=TargetPath(dir_okay=False, path_type=Path),
    required=True,
    help="The database file.",
)
@click.option("--only", help=f"Resources, separated by commas: {', '.join(RESOURCES)}; all by default.")
@click.option(
    "--expand",
    multiple=True,
    type=click.Choice(get_args(Expansion)),
    help="An expansion to include in the records; can be repeated.",
)
@click.option(
    "--sweep-every",
    type=click.FloatRange(0, 100_000),
    callback=finite,
    default=24.0,
    show_default=True,
    metavar="HOURS",
    help="The time between comparisons of all ids, which find removed records.",
)
@allow_refused_option
@with_connection
async def sync(
    connection: Connection,
    event: str,
    path: Path,
    only: str | None,
    expand: tuple[Expansion, ...],
    sweep_every: float,
    allow_refused: bool,
) -> None:
    """Copy EVENT into a SQLite database; later runs apply the changes.

    A run may be interrupted at any moment, and the next run continues. If the API refuses some of the
    resources, their records stay as they are, and the exit status is 3.
    """
    from sessionboard_async.sqlite.sync import sync_event  # SQLAlchemy is slow to import.

    display = StatusDisplay()
    wanted = _resources(only)
    async with connection.open(display) as sb:
        summary = await sync_event(
            sb,
            event_id(event),
            path,
            only=wanted,
            expand=expand,
            sweep_every=timedelta(hours=sweep_every),
            allow_refused=True,  # Refusals are printed below.
            source=connection.source,
            on_progress=display.show_progress,
        )
    show(
        f"{summary.upserted} records written and {summary.removed} removed; {path} holds "
        f"{sum(summary.counts.values())}"
    )
    report_refusals(summary.refused, allowed=allow_refused)


def _resources(only: str | None) -> Sequence[str]:
    if only is None:
        return RESOURCES
    try:
        return validate_resources(name.strip() for name in only.split(","))
    except ValueError as error:
        raise click.UsageError(f"--only: {error}") from None


def _summarize(manifest: Manifest, directory: Path) -> None:
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
    records = sum(summary.records for summary in manifest.resources.values())
    show(
        f"{records} records in {len(manifest.resources)} files, {manifest.seconds:.1f} s: "
        f"{directory / 'manifest.json'}"
    )


@sessionboard.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; a free port by default.")
@click.option("--events", type=click.IntRange(1), default=2, show_default=True, help="The number of events.")
@click.option(
    "--sessions",
    type=click.IntRange(0),
    default=120,
    show_default=True,
    help="The number of sessions of each event.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The seed of all generated data.")
@click.option(
    "--latency", type=click.FloatRange(0), callback=finite, default=0.0, help="Seconds before each response."
)
@click.option("--limit", metavar="REQUESTS/SECONDS", help="Limit the requests per category, such as 20/2.")
@click.option(
    "--limit-headers",
    type=click.Choice(get_args(HeaderStyle)),
    help="The style of rate-limit headers; draft-6 by default.",
)
@click.option("--limit-searches", is_flag=True, help="Limit searches and the list of events, too.")
def serve(
    port: int,
    events: int,
    sessions: int,
    seed: int,
    latency: float,
    limit: str | None,
    limit_headers: HeaderStyle | None,
    limit_searches: bool,
) -> None:
    """Run a server with generated data on this machine, until Ctrl-C."""
    limits = None
    if limit is not None:
        limits = _limits(limit, limit_headers or "draft-6", limit_searches)
    elif limit_headers or limit_searches:
        raise click.UsageError("--limit-headers and --limit-searches need --limit")
    server = EmbeddedServer(
        port=port, events=events, sessions=sessions, seed=seed, latency=latency, limits=limits
    )
    run_command(_serve(server))


def _limits(limit: str, headers: HeaderStyle, searches: bool) -> ServerLimits:
    requests, _, seconds = limit.partition("/")
    try:
        return ServerLimits(requests=int(requests), window=float(seconds), headers=headers, searches=searches)
    except ValueError:
        raise click.UsageError(
            f"--limit must be requests/seconds, both positive, such as 20/2, not {limit!r}"
        ) from None


async def _serve(server: EmbeddedServer) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # On Windows, Ctrl-C cancels this task instead.
            loop.add_signal_handler(name, stop.set)
    async with server:
        click.echo(
            f"Serving on {server.base_url} until Ctrl-C. In another terminal:\n\n"
            f"  export SESSIONBOARD_BASE_URL={server.base_url} SESSIONBOARD_TOKEN='{server.token}'\n"
            f"  sessionboard export {server.event_id} --to export\n"
        )
        await stop.wait()
