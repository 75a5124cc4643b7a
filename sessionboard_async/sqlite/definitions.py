"""The SQL that creates the tables and views of a copy, with a comment for each table and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from sessionboard_async.sqlite.descriptions import column_description, table_description
from sessionboard_async.sqlite.schema import METADATA
from sessionboard_async.sqlite.views import EXPANSION, view_columns, view_definitions, view_languages


def schema_sql(languages: Iterable[str] = ()) -> str:
    """Return the SQL that creates an empty copy, with a comment for each table, view and column.

    Args:
        languages: Languages to add a view for, such as ``["fr"]`` for ``talks_fr``.

    Raises:
        ValueError: If a language is not a tag such as ``fr`` or ``fr-CA``.
        TypeError: If ``languages`` is a single string.
    """
    views = view_definitions(view_languages(languages, (EXPANSION,))).values()
    return "\n\n".join(f"{statement};" for statement in (*table_definitions(), *views)) + "\n"


def described_columns() -> Iterator[tuple[str, str, str, str]]:
    """Return the table, name, type and description of each column, those of the view ``talks`` last."""
    for table in METADATA.tables.values():
        for column in table.c:
            yield table.name, column.name, str(column.type), column_description(table.name, column.name)
    sessions = METADATA.tables["sessions"].c
    for name, description in view_columns():
        # What the view joins is text.
        yield "talks", name, str(sessions[name].type) if name in sessions else "TEXT", description


def table_definitions() -> Iterator[str]:
    """Return the statements that create the tables and their indexes.

    SQLite keeps the comments: ``.schema`` of its shell shows them.
    """
    for table in METADATA.tables.values():
        yield _definition(table)
        for index in table.indexes:
            yield str(CreateIndex(index).compile(dialect=sqlite.dialect()))


def _definition(table: Table) -> str:
    lines = str(CreateTable(table).compile(dialect=sqlite.dialect())).strip().splitlines()
    written: list[str] = []
    for line in (line.rstrip().replace("\t", "  ") for line in lines):
        name = line.strip().partition(" ")[0].strip('"')
        is_column = line.startswith("  ") and name in table.c
        written.append(f"{line}  -- {column_description(table.name, name)}" if is_column else line)
    # Within the statement: SQLite stores its text from CREATE on.
    written.insert(1, f"  -- {table_description(table.name)}")
    return "\n".join(written)
