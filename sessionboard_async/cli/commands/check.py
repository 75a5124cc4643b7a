"""``sessionboard check``."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import click

from sessionboard_async import AuthenticationError
from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.cli.output import show
from sessionboard_async.core.http.base_url import Region


@click.command()
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
