"""The command ``sessionboard``, with the commands below it."""

from __future__ import annotations

import click

from sessionboard_async import __version__
from sessionboard_async.cli.commands.changes import changes
from sessionboard_async.cli.commands.check import check
from sessionboard_async.cli.commands.completion import completion
from sessionboard_async.cli.commands.docs import docs
from sessionboard_async.cli.commands.endpoints import endpoints
from sessionboard_async.cli.commands.events import events
from sessionboard_async.cli.commands.export import export
from sessionboard_async.cli.commands.get import get
from sessionboard_async.cli.commands.schema import schema
from sessionboard_async.cli.commands.search import search
from sessionboard_async.cli.commands.serve import serve
from sessionboard_async.cli.commands.sync import sync
from sessionboard_async.cli.help import CommandGroup
from sessionboard_async.cli.output import escape_unencodable, write_completely
from sessionboard_async.cli.runner import EXIT_STATUSES


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_STATUSES)
@click.version_option(__version__, prog_name="sessionboard")
def sessionboard() -> None:
    """Read the data of Sessionboard events.

    The token comes from the variable SESSIONBOARD_TOKEN, the region from SESSIONBOARD_REGION (us or eu).
    Standard output holds data only; progress, warnings and errors go to standard error.
    """
    write_completely()
    escape_unencodable()


_COMMANDS = (events, check, search, get, changes, export, sync, schema, endpoints, serve, docs, completion)

for _command in _COMMANDS:
    sessionboard.add_command(_command)
