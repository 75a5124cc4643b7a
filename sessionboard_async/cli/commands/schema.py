"""``sessionboard schema``."""

from __future__ import annotations

import click

from sessionboard_async.cli.arguments import names_option
from sessionboard_async.cli.output import show_rows


@click.command()
@click.option("--sql", "as_sql", is_flag=True, help="Print the SQL that creates the tables and views.")
@names_option("--languages", help="Languages to include a view for, such as fr or fr-CA; needs --sql.")
def schema(as_sql: bool, languages: tuple[str, ...]) -> None:
    """Describe the tables and columns of the database that sync writes.

    On a terminal they are a table, elsewhere tab-separated lines. Needs no token and no network.

    NAMES may be separated by commas, and their option repeated.
    """
    from sessionboard_async.sqlite.definitions import described_columns, schema_sql  # It imports SQLAlchemy.

    if languages and not as_sql:
        raise click.UsageError("--languages needs --sql")
    if not as_sql:
        show_rows(("table", "column", "type", "description"), described_columns())
        return
    try:
        sql = schema_sql(languages)
    except ValueError as error:
        raise click.UsageError(f"--languages: {error}") from None
    click.echo(sql, nl=False)
