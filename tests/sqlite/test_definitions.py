"""The definitions of a copy say what each table and column holds."""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

import sessionboard_async.sqlite
from sessionboard_async.sqlite import schema_sql
from sessionboard_async.sqlite.definitions import described_columns
from sessionboard_async.sqlite.descriptions import TABLES, column_description, table_description
from sessionboard_async.sqlite.schema import METADATA
from tests.sqlite.sample_changes import ask, open_copy


def definitions(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def test_every_table_and_column_is_described() -> None:
    for table in METADATA.tables.values():
        columns = [column_description(table.name, column.name) for column in table.c]
        for text in (table_description(table.name), *columns):
            assert text.endswith(".")
            assert "\n" not in text
    assert TABLES.keys() <= METADATA.tables.keys()


def test_the_printed_definitions_are_those_of_a_copy(path: Path) -> None:
    with open_copy(path, expand=["translated_fields"], languages=["fr", "pt_BR"]):
        pass
    with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(":memory:")) as printed:
        printed.executescript(schema_sql(["FR", "pt-br", "fr"]))
        assert definitions(printed) == definitions(copy)
        assert "talks_pt_br" in definitions(copy)
        assert "  starts_local TEXT,  -- The start in the event's time zone" in definitions(copy)["sessions"]


def test_every_column_of_the_definitions_has_a_comment() -> None:
    tables, _, views = schema_sql().partition("CREATE VIEW")
    columns = re.findall(r"^  [a-z_\"]+ (?:TEXT|INTEGER).*", tables, re.MULTILINE)
    assert len(columns) == sum(len(table.c) for table in METADATA.tables.values())
    assert [line for line in columns if "  -- " not in line] == []
    assert views.count("CREATE VIEW") == 0


@pytest.mark.parametrize("view", ["talks", "talks_fr", "talks_pt_br"])
def test_every_column_of_a_view_has_a_comment(view: str) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(schema_sql(["fr", "pt-BR"]))
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({view})")]
        definition = definitions(database)[view]
    head, about, *lines = definition.splitlines()
    assert head == f"CREATE VIEW {view} AS"
    assert re.fullmatch(r"  -- \S.*\.", about)
    commented = [found for line in lines if (found := re.fullmatch(r"  \S.*?(\w+),?  -- (\S.*\.)", line))]
    assert [found[1] for found in commented] == columns
    # The lines are those of the table, where it has the column.
    expected = {name: line for table, name, _, line in described_columns() if table == "talks"}
    assert {found[1]: found[2] for found in commented} == expected
    sessions = METADATA.tables["sessions"].c
    assert all(
        line == column_description("sessions", name) for name, line in expected.items() if name in sessions
    )


@pytest.mark.parametrize("wrong", ["", "f", "fr'", "fr; DROP TABLE people", "f r", "français"])
def test_a_language_that_is_no_tag_is_refused(path: Path, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"is not a language tag such as 'fr' or 'fr-CA'"):
        schema_sql([wrong])
    with pytest.raises(ValueError, match=r"is not a language tag such as 'fr' or 'fr-CA'"):
        open_copy(path, expand=["translated_fields"], languages=[wrong])
    assert not path.exists()


def test_languages_need_the_translations(path: Path) -> None:
    with pytest.raises(ValueError, match="add 'translated_fields' to expand"):
        open_copy(path, languages=["fr"])
    with pytest.raises(TypeError, match=r"write \['fr'\]"):
        open_copy(path, languages="fr")
    assert not path.exists()


def test_views_of_other_languages_stay(path: Path) -> None:
    for languages in (["fr"], [], ["de", "fr"]):
        open_copy(path, expand=["translated_fields"], languages=languages).close()
    names = ask(path, "SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name")
    assert names == [("talks",), ("talks_de",), ("talks_fr",)]


def test_a_missing_package_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sessionboard_async.sqlite")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(sessionboard_async, "sqlite")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ModuleNotFoundError, match=r"install 'sessionboard-async\[sqlite\]'"):
        from sessionboard_async.sqlite import sync_event  # noqa: F401
