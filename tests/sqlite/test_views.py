"""The view of the sessions answers the questions that a schedule asks, in each language."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sessionboard_async import ConfigurationError
from sessionboard_async.models import Session
from sessionboard_async.sqlite import Database
from tests.sqlite.sample_changes import ask, at, deleted, open_copy, upsert

EVENT = {"id": 4630, "name": "Conference", "timezone": "America/Chicago", "features": {"new": True}}


@pytest.fixture
def copy(path: Path) -> Iterator[Database]:
    with open_copy(path, expand=["translated_fields"], languages=["fr", "fr-CA"]) as copy:
        copy.save_event(EVENT)
        yield copy


def translation(language: str, value: str | None, field: str = "title", source: str = "standard") -> Any:
    return {
        "id": f"{language}/{field}",
        "translated_language": language,
        "parent_field_internal_name": field,
        "parent_field_source": source,
        "value": value,
    }


def test_a_session_is_one_row_of_text(copy: Database, path: Path) -> None:
    ada = {"id": "ada", "full_name": "Ada", "is_public": True, "order": 2}
    bob = {"id": "bob", "first_name": "Bob", "last_name": "Lee", "order": 1}
    eve = {"id": "eve", "full_name": "Eve", "is_public": False}
    session = {
        "title": "Opening",
        "starts_at": "2026-03-08T07:59:59Z",
        "ends_at": "2026-03-08T08:00:00.500Z",
        "room": {"id": "r", "name": "Hall"},
        "track": "Data",
        "tags": [{"id": "t", "name": "Zeta"}, {"id": "u", "name": "Alpha"}],
        "participants": [ada, ada | {"participant_role": {"slug": "moderator"}}, bob, eve],
        "status": "accepted",
        "description": "<p>Welcome</p>",
    }
    copy.apply([upsert("a", **session), upsert("b", title="Later")], at())
    columns = "title, starts_local, ends_local, room, track, people, tags, status, description"
    assert ask(path, f"SELECT {columns} FROM talks ORDER BY id") == [
        (
            "Opening",
            "2026-03-08 01:59:59",
            "2026-03-08 03:00:00",  # The clocks went forward meanwhile.
            "Hall",
            "Data",
            "Bob Lee, Ada",
            "Zeta, Alpha",
            "accepted",
            "<p>Welcome</p>",
        ),
        ("Later", *[None] * 8),
    ]
    assert ask(path, "SELECT strftime('%d.%m. %H:%M', starts_local) FROM talks WHERE id = 'a'") == [
        ("08.03. 01:59",)
    ]


def test_each_language_reads_as_a_translated_record(copy: Database, path: Path) -> None:
    texts: dict[str, list[Any]] = {
        "both": [translation("fr", "Deux"), translation("fr_CA", "Deux, CA"), translation("fr", "Encore")],
        "general": [translation("fr", "Deux"), translation("fr-CA", " \n\u00a0")],
        "specific": [translation("FR-ca", "Deux, CA"), translation("de", "Zwei")],
        "custom": [translation("fr", "Deux", source="custom"), translation("fr", "Deux", "subtitle")],
        "none": [],
        "empty": [translation("fr", None), translation("fr", "Texte", "description")],
    }
    records = {id_: {"title": "Two", "translated_fields": fields} for id_, fields in texts.items()}
    copy.apply([upsert(id_, **record) for id_, record in records.items()], at())
    for view, language in {"talks_fr": "fr", "talks_fr_ca": "fr-CA"}.items():
        found = {id_: rest for id_, *rest in ask(path, f"SELECT id, title, description FROM {view}")}
        for id_, record in records.items():
            translated = msgspec.convert(record, Session).translated(language)
            assert found[id_] == [translated.title, translated.description], (view, id_)
    assert ask(path, "SELECT DISTINCT title FROM talks") == [("Two",)]


def test_another_time_zone_moves_all_sessions(copy: Database, path: Path) -> None:
    copy.apply([upsert("a", starts_at="2026-09-14T08:00:00Z"), upsert("b", starts_at="soon")], at(1))

    def local() -> list[tuple[Any, ...]]:
        return ask(path, "SELECT id, starts_local, ends_local FROM sessions ORDER BY id")

    assert local() == [("a", "2026-09-14 03:00:00", None), ("b", None, None)]
    copy.save_event({**EVENT, "timezone": "Europe/Paris"})
    assert local() == [("a", "2026-09-14 10:00:00", None), ("b", None, None)]
    for unknown in (
        None,
        "",
        "Mars/Olympus",
        "../../../etc/passwd",
        "/etc/passwd",
        "America",
        5,
        ["UTC"],
        "a\0",
        "a/" * 900 + "a",
    ):
        copy.save_event({**EVENT, "timezone": unknown})
        assert local() == [("a", None, None), ("b", None, None)], unknown
        copy.apply([upsert("c", starts_at="2026-09-14T08:00:00Z"), deleted("c")], at(1))
    copy.save_event(EVENT)
    assert local() == [("a", "2026-09-14 03:00:00", None), ("b", None, None)]
    assert copy.checkpoint == at(1)


def test_times_at_the_ends_of_the_calendar_have_no_local_time(copy: Database, path: Path) -> None:
    times = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-09-14T08:00:00"]
    copy.save_event({**EVENT, "timezone": "Pacific/Kiritimati"})
    copy.apply([upsert("later", starts_at=times[1]), upsert("naive", starts_at=times[2])], at())
    copy.save_event(EVENT)
    copy.apply([upsert("early", starts_at=times[0])], at())
    found = dict(ask(path, "SELECT id, starts_local FROM sessions"))
    assert found == {"later": "9999-12-31 17:59:59", "naive": None, "early": None}


def test_the_event_is_one_row(copy: Database, path: Path) -> None:
    assert ask(path, "SELECT id, name, timezone, json_extract(features, '$.new') FROM event") == [
        ("4630", "Conference", "America/Chicago", 1)
    ]
    copy.save_event({"id": 4630, "name": None})
    assert ask(path, "SELECT id, name, timezone, features FROM event") == [("4630", None, None, None)]
    assert copy.event == {"id": 4630, "name": None}


def test_the_event_of_a_copy_without_data_goes_with_its_source(copy: Database, path: Path) -> None:
    with open_copy(path, event_id=4631) as other:
        assert other.event is None
        with pytest.raises(ValueError, match="has become another copy"):
            copy.save_event(EVENT)
        assert other.event is None


def test_a_damaged_event_is_an_error_that_names_the_file(copy: Database, path: Path) -> None:
    for damaged in ("{", "[]", b"\xff"):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE event SET record = ?", (damaged,))
            connection.commit()
        with pytest.raises(ConfigurationError, match=r"^the event of the copy at .+ choose another file$"):
            _ = copy.event
