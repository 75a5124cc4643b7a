"""``sessionboard events``."""

from __future__ import annotations

import click

from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.cli.display import display_beside_data
from sessionboard_async.cli.output import json_line, show_rows
from sessionboard_async.models import Event


@click.command()
@click.option(
    "--json", "as_json", is_flag=True, help="Print each event as JSON on one line, as the API sent it."
)
@with_connection
async def events(connection: Connection, as_json: bool) -> None:
    """List the events that the token can read.

    On a terminal they are a table, elsewhere tab-separated lines of id, name and time zone.
    """
    async with connection.open(display_beside_data() if as_json else None) as sb:
        if as_json:
            async for record in sb.events.list().raw_json():
                click.echo(json_line(bytes(record)))
            return
        found = await sb.events.list().collect()
    show_rows(("id", "name", "time zone"), map(_cells, found))


def _cells(event: Event) -> list[str]:
    return [str(cell or "") for cell in (event.id, event.name, event.timezone)]
