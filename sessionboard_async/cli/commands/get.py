"""``sessionboard get``."""

from __future__ import annotations

import click
import msgspec

from sessionboard_async.cli.arguments import IdType, NameType, event_id
from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.cli.options import expand_option
from sessionboard_async.cli.output import json_text
from sessionboard_async.cli.records.searches import EXPANDABLE, GETS, SEARCHES
from sessionboard_async.services._common.filters import Expansion

_SEARCHED = {
    name: f"the API has no request for one of {name}: use 'sessionboard search {name} EVENT'."
    for name in SEARCHES.keys() - GETS.keys()
}


@click.command()
@click.argument("resource", type=NameType(GETS, "resource", _SEARCHED))
@click.argument("event", type=IdType())
@click.argument("record", metavar="ID", type=IdType())
@expand_option("the record")
@with_connection
async def get(
    connection: Connection, resource: str, event: str, record: str, expand: tuple[Expansion, ...]
) -> None:
    """Print the record of a RESOURCE of EVENT that has this ID, as JSON.

    RESOURCE is one of sessions, speakers, contacts, org_contacts, sponsors, exhibitors, agenda_drafts, rules,
    personas and transcriptions. For org_contacts, EVENT is the UUID of the organization. Rooms, tracks and
    other settings have no such request: search them.

    The record has the fields that the API documents and that have a value. NAMES may be separated by commas,
    and their option repeated.
    """
    if expand and resource not in EXPANDABLE:
        raise click.UsageError(f"--expand: not for {resource}")
    async with connection.open() as sb:
        options = {"expand": expand} if expand else {}
        found = await GETS[resource](sb)(event_id(event), record, **options)
    click.echo(json_text(msgspec.json.format(found.to_json().encode())))
