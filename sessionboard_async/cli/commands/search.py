"""``sessionboard search``."""

from __future__ import annotations

from typing import Any, get_args

import click
from rich.console import Console

from sessionboard_async import Pager
from sessionboard_async.cli.arguments import IdType, NameType, TimeType, event_id, names_option
from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.cli.display import display_beside_data
from sessionboard_async.cli.messages import explain
from sessionboard_async.cli.options import expand_option
from sessionboard_async.cli.output import json_line, show_rows
from sessionboard_async.cli.records.columns import cell, validate_columns
from sessionboard_async.cli.records.searches import SEARCHES, SearchCommand
from sessionboard_async.services._common.filters import SessionStatusName, StatusSort
from sessionboard_async.services.fields import FieldModule, FieldScope, FieldSource


@click.command()
@click.argument("resource", type=NameType(SEARCHES, "resource"))
@click.argument("event", type=IdType())
@click.option(
    "--status", type=click.Choice(get_args(SessionStatusName)), help="Only records with this status."
)
@click.option(
    "--abstracts/--no-abstracts",
    "is_abstract",
    default=None,
    help="Sessions: only abstracts, or only those of the program.",
)
@click.option(
    "--created-after", type=TimeType(), metavar="TIME", help="Only records created after this time."
)
@click.option(
    "--created-before", type=TimeType(), metavar="TIME", help="Only records created before this time."
)
@click.option(
    "--updated-after", type=TimeType(), metavar="TIME", help="Only records changed after this time."
)
@click.option(
    "--updated-before", type=TimeType(), metavar="TIME", help="Only records changed before this time."
)
@click.option(
    "--deleted-after",
    type=TimeType(),
    metavar="TIME",
    help="Session statuses: only those deleted after this time.",
)
@click.option(
    "--deleted-before",
    type=TimeType(),
    metavar="TIME",
    help="Session statuses: only those deleted before this time.",
)
@click.option(
    "--module", type=click.Choice(get_args(FieldModule)), help="Fields: only those of this kind of record."
)
@click.option(
    "--source", type=click.Choice(get_args(FieldSource)), help="Fields: only standard or only custom ones."
)
@click.option(
    "--scope",
    type=click.Choice(get_args(FieldScope)),
    help="Fields: only those of the organization or only those of the event.",
)
@expand_option()
@click.option(
    "--sort",
    type=click.Choice(get_args(StatusSort)),
    metavar="FIELD",
    help=f"The field to sort by, with a minus for descending: {', '.join(get_args(StatusSort))}.",
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="NUMBER", help="The most records to print; all by default."
)
@names_option(
    "--columns",
    thing="column",
    help="Fields to print instead of the usual ones, such as title,room.name,speakers.full_name; "
    "custom.NAME is the custom field NAME.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print each record as JSON on one line, as the API sent it."
)
@with_connection
async def search(
    connection: Connection,
    /,
    resource: str,
    event: str,
    columns: tuple[str, ...],
    as_json: bool,
    limit: int | None,
    **filters: Any,
) -> None:
    """Search the records of a RESOURCE of EVENT.

    RESOURCE is one of sessions, session_statuses, speakers, contacts, org_contacts, sponsors, exhibitors,
    fields, rooms, tracks, tags, formats, levels, languages and statuses. For org_contacts, EVENT is the UUID
    of the organization.

    On a terminal the records are a table, elsewhere tab-separated lines. TIME has a time zone:
    2026-08-01T09:00:00Z. NAMES may be separated by commas, and their option repeated.
    """
    command = SEARCHES[resource]
    if as_json and columns:
        raise click.UsageError("--columns and --json exclude each other: JSON has all fields")
    chosen = columns or command.columns
    try:
        validate_columns(command.record, chosen)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--columns'") from None
    keywords = _keywords(resource, command, filters)
    rows: list[list[str]] = []
    is_table = Console().is_terminal and not as_json
    async with connection.open(None if is_table else display_beside_data()) as sb:
        try:
            found = command.search(sb)(event_id(event), limit=limit, **keywords)
        except (TypeError, ValueError) as error:
            raise click.UsageError(explain(error)) from None
        if as_json:
            async for page in found.raw_json().pages():
                click.echo("".join(f"{json_line(bytes(record))}\n" for record in page.results), nl=False)
        elif is_table:
            rows = [[cell(record, column) for column in chosen] async for record in found]
        else:
            await _print_lines(found, chosen)
    if is_table:
        show_rows(chosen, rows)


async def _print_lines(found: Pager[Any], columns: tuple[str, ...]) -> None:
    async for page in found.pages():
        show_rows(columns, ([cell(record, column) for column in columns] for record in page.results))


def _keywords(resource: str, command: SearchCommand, filters: dict[str, Any]) -> dict[str, Any]:
    """Return the filters that were given; refuse those that the search does not take."""
    context = click.get_current_context()
    flags = {option.name: option.opts[0] for option in context.command.params}
    given = {name: value for name, value in filters.items() if value is not None and value != ()}
    if others := [flags[name] for name in given if name not in command.filters]:
        raise click.UsageError(f"{', '.join(others)}: not for {resource}")
    return given
