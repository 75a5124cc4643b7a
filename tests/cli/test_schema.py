"""``sessionboard schema`` describes the database, and ``sync`` adds the views of languages."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from sessionboard_async.sqlite import schema_sql
from tests.cli.command_line import run


def test_columns_are_lines_and_definitions_are_sql() -> None:
    done = run("schema")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["sessions", "starts_at", "TEXT", "The start, in UTC; NULL if it is not scheduled."] in rows
    assert ["talks", "is_public", "INTEGER", "1 if the session is public, 0 if it is not."] in rows
    assert {len(row) for row in rows} == {4}
    done = run("schema", "--sql", "--languages", "fr,pt-BR")
    assert done.stdout == schema_sql(["fr", "pt-BR"])
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(done.stdout)
        assert database.execute("SELECT * FROM talks_pt_br").fetchall() == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["schema", "--languages", "fr"], "--languages needs --sql"),
        (["schema", "--sql", "--languages", "fr'"], '"fr\'" is not a language tag'),
        (["sync", "1", "--to", "x.db", "--languages", "fr"], "--languages needs --expand translated_fields"),
        (
            ["sync", "1", "--to", "x.db", "--languages", "1", "--expand", "translated_fields"],
            "'1' is not a language tag",
        ),
    ],
)
def test_a_wrong_language_is_wrong_usage(command: list[str], said: str) -> None:
    done = run(*command)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
