"""``sessionboard endpoints``."""

from __future__ import annotations

import click

from sessionboard_async.cli.coverage import CoveredOperation, covered_operations
from sessionboard_async.cli.output import show_document, show_rows


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def endpoints(as_json: bool) -> None:
    """List all operations of the API with the methods of the client that call them.

    On a terminal they are a table, elsewhere tab-separated lines. Needs no token and no network.
    """
    covered = covered_operations()
    if as_json:
        show_document(covered)
        return
    columns = CoveredOperation.__struct_fields__
    show_rows(columns, ([getattr(operation, column) or "" for column in columns] for operation in covered))
