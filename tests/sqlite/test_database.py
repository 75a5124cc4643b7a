"""A copy stores changes together with their checkpoint, and belongs to a single event."""

from __future__ import annotations

import os
import pickle
import sqlite3
import stat
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, event

from sessionboard_async import ConfigurationError
from sessionboard_async.change_feed.feed import RESOURCES
from sessionboard_async.sqlite import Applied, Database
from sessionboard_async.sqlite.schema import RESOURCES as TABLES
from tests.sqlite.sample_changes import (
    ADDRESS,
    EVENT,
    ask,
    at,
    deleted,
    everything,
    left_scope,
    open_copy,
    upsert,
)

SECRET = "Ada Confidential"

EARLY = "2026-08-01T09:00:00.000Z"
EARLY_ELSEWHERE = "2026-08-01T11:00:00+02:00"
LATE = "2026-08-01T09:00:00.001Z"
"""As text, this is before ``EARLY_ELSEWHERE``."""


@pytest.fixture
def copy(path: Path) -> Iterator[Database]:
    with open_copy(path) as copy:
        yield copy


def titles(path: Path) -> dict[str, str]:
    return dict(ask(path, "SELECT id, title FROM sessions"))


def test_there_is_a_table_for_every_resource(copy: Database) -> None:
    assert tuple(TABLES) == RESOURCES
    assert copy.counts() == dict.fromkeys(RESOURCES, 0)


def test_changes_and_their_checkpoint_are_stored(path: Path) -> None:
    with open_copy(path) as copy:
        applied = copy.apply([upsert("a", title="One"), upsert("r", "rooms", name="Hall")], at([1, None]))
        assert applied == Applied(upserted=2)
        assert copy.checkpoint == at([1, None])
    with open_copy(path) as copy:
        assert copy.checkpoint == at([1, None])
        assert copy.counts() == dict.fromkeys(RESOURCES, 0) | {"sessions": 1, "rooms": 1}
        assert copy.ids("sessions") == ["a"]


def test_a_checkpoint_is_stored_without_changes_too(copy: Database, path: Path) -> None:
    assert copy.apply([], at(7)) == Applied()
    with open_copy(path) as other:
        assert other.checkpoint == at(7)


def test_an_unchanged_record_is_not_written_again(copy: Database) -> None:
    copy.apply([upsert("a", title="One", updated_at=EARLY)], at())
    assert copy.apply([upsert("a", title="One", updated_at=EARLY)], at()) == Applied(unchanged=1)


@pytest.mark.parametrize("stored", [EARLY, EARLY_ELSEWHERE])
def test_only_newer_records_replace_older_ones(copy: Database, path: Path, stored: str) -> None:
    copy.apply([upsert("a", title="One", updated_at=stored)], at())
    assert copy.apply([upsert("a", title="Two", updated_at=LATE)], at()) == Applied(upserted=1)
    assert copy.apply([upsert("a", title="One", updated_at=stored)], at()) == Applied(outdated=1)
    assert titles(path) == {"a": "Two"}


@pytest.mark.parametrize(
    "unknown", [None, "", "yesterday", "2026-08-01T08:00:00", 1, {}, "0001-01-01T00:00+23:00"]
)
def test_a_record_without_a_valid_time_replaces_any_other(copy: Database, path: Path, unknown: Any) -> None:
    copy.apply([upsert("a", title="One", updated_at=LATE)], at())
    copy.apply([upsert("a", title="Two", updated_at=unknown)], at())
    assert titles(path) == {"a": "Two"}
    copy.apply([upsert("a", title="Three", updated_at=EARLY)], at())
    assert titles(path) == {"a": "Three"}


def test_a_changed_record_with_the_same_time_is_written(copy: Database, path: Path) -> None:
    copy.apply([upsert("a", title="One", updated_at=EARLY)], at())
    assert copy.apply([upsert("a", title="Two", updated_at=EARLY_ELSEWHERE)], at()) == Applied(upserted=1)


def test_fields_have_times_under_other_names(copy: Database, path: Path) -> None:
    copy.apply([upsert("f", "fields", public_name="New", updatedAt=LATE)], at())
    assert copy.apply([upsert("f", "fields", public_name="Old", updatedAt=EARLY)], at()) == Applied(
        outdated=1
    )
    assert ask(path, "SELECT public_name FROM fields") == [("New",)]


@pytest.mark.parametrize("gone", [deleted, left_scope])
def test_removed_records_may_come_back(copy: Database, path: Path, gone: Any) -> None:
    copy.apply([upsert("a", title="One", updated_at=LATE)], at())
    assert copy.apply([gone("a"), gone("never there")], at()) == Applied(removed=1)
    assert titles(path) == {}
    copy.apply([upsert("a", title="One", updated_at=EARLY)], at())
    assert titles(path) == {"a": "One"}


def test_changes_are_applied_in_their_order(copy: Database, path: Path) -> None:
    batch = [
        upsert("a", title="One", updated_at=EARLY),
        deleted("a"),
        upsert("a", title="Two", updated_at=LATE),
        upsert("a", title="One", updated_at=EARLY),
        upsert("b", title="Three"),
        deleted("b"),
    ]
    assert copy.apply(batch, at()) == Applied(upserted=3, outdated=1, removed=2)
    assert titles(path) == {"a": "Two"}


@pytest.fixture
def few_values_in_a_statement() -> Iterator[None]:
    """Set the limit of values in a statement that some builds of SQLite have."""

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)

    event.listen(Engine, "connect", limit)
    yield
    event.remove(Engine, "connect", limit)


@pytest.mark.slow
@pytest.mark.usefixtures("few_values_in_a_statement")
@pytest.mark.untraced
def test_batches_may_exceed_the_limit_of_a_statement(path: Path) -> None:
    copy = open_copy(path)
    many = [
        upsert(f"{number:04}", title="Talk", participants=[{"id": f"p{number}"}]) for number in range(2100)
    ]
    assert copy.apply(many, at()) == Applied(upserted=2100)
    assert copy.apply(many, at()) == Applied(unchanged=2100)
    assert copy.ids("sessions") == [change.id for change in many]
    assert copy.apply([deleted(change.id) for change in many], at()) == Applied(removed=2100)
    assert ask(path, "SELECT count(*) FROM people") == [(0,)]
    copy.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (upsert("b", "sandwiches"), "unknown resources: 'sandwiches'"),
        (msgspec.structs.replace(upsert("b"), kind="eaten"), "not 'eaten'"),
        (msgspec.structs.replace(upsert("b"), record=None), "is not a dict"),
        (upsert(""), "no id"),
        (deleted(5), "no id"),  # type: ignore[arg-type]  # callers may not check types
    ],
)
def test_a_batch_with_an_invalid_change_is_refused_as_a_whole(
    copy: Database, path: Path, change: Any, message: str
) -> None:
    copy.apply([upsert("a", title="One")], at(1))
    before = everything(path)
    with pytest.raises(ValueError, match=message):
        copy.apply([upsert("a", title="Two"), change], at(2))
    assert everything(path) == before
    assert copy.checkpoint == at(1)


def test_ids_of_an_unknown_resource_are_an_error(copy: Database) -> None:
    with pytest.raises(ValueError, match="unknown resources: 'people'"):
        copy.ids("people")


def test_the_same_source_may_be_written_in_several_ways(path: Path) -> None:
    with open_copy(path, expand=["composition", "translated_fields"]) as copy:
        copy.apply([], at(1))
    same = {"event_id": str(EVENT), "base_url": f"{ADDRESS}/", "expand": ["translated_fields", "composition"]}
    with open_copy(path, **same) as copy:
        assert copy.checkpoint == at(1)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"event_id": 4631}, "its event_id is 4630, not 4631"),
        ({"base_url": "https://eu.example.com"}, "its base_url is https://api.example.com, not"),
        ({"expand": ["translated_fields"]}, "its expand is"),
    ],
)
def test_a_copy_of_another_source_is_refused_and_unchanged(
    path: Path, other: dict[str, Any], message: str
) -> None:
    with open_copy(path) as copy:
        copy.apply([upsert("a", title="One")], at(1))
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=message) as caught:
        open_copy(path, **other)
    assert isinstance(caught.value, ValueError)
    assert path.read_bytes() == before


def test_a_copy_without_data_becomes_one_of_another_source(path: Path) -> None:
    with open_copy(path) as first, open_copy(path, event_id=4631) as other:
        assert other.checkpoint is None
        other.apply([upsert("a", title="One")], at(1))
        with pytest.raises(ConfigurationError, match="has become another copy"):
            first.apply([upsert("b", title="Two")], at(2))
        assert (other.ids("sessions"), first.ids("sessions")) == (["a"], ["a"])
    with open_copy(path, event_id=4631) as other:
        assert other.checkpoint == at(1)
    with pytest.raises(ConfigurationError, match="its event_id is 4631, not 4630"):
        open_copy(path)


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (1, "move the file away or choose another one, and the next run copies the event again"),
        (2, "move the file away or choose another one, and the next run copies the event again"),
        (4, "update sessionboard-async, or choose another file"),
        ("two", "move the file away"),
    ],
)
def test_tables_of_another_version_are_refused_and_unchanged(
    path: Path, version: object, advice: str
) -> None:
    with open_copy(path) as copy:
        copy.apply([upsert("a", title="One")], at(1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sessionboard_copy SET schema_version = ?", (version,))
        connection.executescript("DROP VIEW talks; DROP TABLE event; CREATE TABLE other (id)")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=f"have version {version}, .* writes version 3: ") as caught:
        open_copy(path, expand=["translated_fields"], languages=["fr"])
    assert advice in str(caught.value)
    assert path.read_bytes() == before


def test_another_database_is_refused_and_unchanged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE sessions (id)")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="not a copy of an event"):
        open_copy(path)
    assert path.read_bytes() == before


def test_a_file_that_is_not_a_database_is_refused_and_unchanged(path: Path) -> None:
    path.write_text("Minutes of the meeting\n" * 100)
    with pytest.raises(ConfigurationError, match="is not a SQLite database"):
        open_copy(path)
    assert path.read_text() == "Minutes of the meeting\n" * 100


def test_an_empty_file_becomes_a_copy(path: Path) -> None:
    path.touch()
    with open_copy(path) as copy:
        assert copy.checkpoint is None


def test_names_with_a_meaning_in_sqlite_are_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "file:x?mode=ro", "100% höflich#1.db"):
        with Database(name, event_id=EVENT, base_url=ADDRESS) as copy:
            copy.apply([], at(name))
        with open_copy(tmp_path / name) as copy:
            assert copy.checkpoint == at(name)


def test_a_file_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_copy(tmp_path / "nowhere" / "event.db")
    with pytest.raises(OSError, match="unable to open"):
        open_copy(tmp_path)


def test_expand_as_a_single_string_is_an_error(path: Path) -> None:
    with pytest.raises(TypeError, match=r"write \['composition'\]"):
        open_copy(path, expand="composition")
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_a_new_file_is_readable_only_by_its_owner(path: Path) -> None:
    before = os.umask(0)
    try:
        with open_copy(path) as copy:
            copy.apply([upsert("a")], at())
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_a_file_keeps_its_permissions(path: Path) -> None:
    open_copy(path).close()
    path.chmod(0o640)
    with open_copy(path) as copy:
        copy.apply([upsert("a")], at())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_copy_can_be_used_from_one_thread_after_another(copy: Database, path: Path) -> None:
    for number in range(3):
        batch = [upsert(f"{number}", title="Talk")]
        thread = threading.Thread(target=copy.apply, args=(batch, at(number)))
        thread.start()
        thread.join()
    assert copy.counts()["sessions"] == 3
    assert copy.checkpoint == at(2)


def test_no_other_file_is_left_beside_the_copy(copy: Database, path: Path) -> None:
    copy.apply([upsert("a")], at())
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_closed_copy_cannot_be_used(path: Path) -> None:
    copy = open_copy(path)
    copy.close()
    copy.close()
    with pytest.raises(RuntimeError, match="is closed"):
        copy.apply([upsert("a")], at())
    with pytest.raises(RuntimeError, match="is closed"):
        copy.counts()


@pytest.mark.skipif(not os.access("/proc/self/fd", os.R_OK), reason="there is no list of open files")
def test_a_closed_or_refused_copy_leaves_no_open_file(path: Path) -> None:
    def is_open() -> bool:
        descriptors = Path("/proc/self/fd")
        return any(os.path.realpath(file) == str(path.resolve()) for file in descriptors.iterdir())

    copy = open_copy(path)
    copy.apply([upsert("a")], at())
    assert is_open()
    copy.close()
    assert not is_open()
    with pytest.raises(ConfigurationError) as caught:
        Database(path, event_id=7, base_url="https://elsewhere")
    assert not is_open()
    assert "another copy" in str(caught.value)


def test_the_times_of_the_records_are_returned_as_they_are(copy: Database) -> None:
    copy.apply([upsert("a", updated_at="2026-01-01T01:00:00+01:00"), upsert("b", updated_at="soon")], at())
    copy.apply([upsert("c", updated_at=None)], at())
    expected = {"a": "2026-01-01T00:00:00.000000Z", "b": "soon", "c": None}
    assert copy.update_times("sessions") == expected
    assert copy.ids("sessions") == ["a", "b", "c"]


def test_concurrent_writers_wait_for_each_other(copy: Database, path: Path) -> None:
    def write(first: int) -> None:
        with open_copy(path) as other:
            for number in range(first, first + 25):
                other.apply([upsert(f"{number}", title="Talk")], at(number))

    with ThreadPoolExecutor(2) as threads:
        for written in [threads.submit(write, first) for first in (0, 100)]:
            written.result()
    assert copy.counts()["sessions"] == 50


def test_newer_records_may_be_replaced_on_request(copy: Database, path: Path) -> None:
    copy.apply([upsert("a", title="Later", updated_at="2099-01-01T00:00:00Z")], at())
    older = [upsert("a", title="Now", updated_at="2026-01-01T00:00:00Z")]
    assert copy.apply(older, at()).outdated == 1
    assert copy.apply(older, at(), keep_newer=False).upserted == 1
    assert titles(path) == {"a": "Now"}


@pytest.fixture
def no_waits_for_locks() -> Iterator[None]:
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA busy_timeout = 0")

    event.listen(Engine, "connect", prepare)
    yield
    event.remove(Engine, "connect", prepare)


@pytest.mark.usefixtures("no_waits_for_locks")
@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN; SELECT * FROM sessions"])
def test_a_locked_file_is_an_error_and_nothing_is_written(path: Path, lock: str) -> None:
    with open_copy(path) as copy, closing(sqlite3.connect(path, isolation_level=None)) as other:
        copy.apply([upsert("a", title="One")], at(1))
        for statement in lock.split(";"):
            other.execute(statement).fetchone()
        with pytest.raises(OSError, match="database is locked"):
            copy.apply([upsert("a", title="Two")], at(2))
        assert copy.checkpoint == at(1)
        other.execute("ROLLBACK")
        assert titles(path) == {"a": "One"}
        copy.apply([upsert("a", title="Two")], at(2))
    assert titles(path) == {"a": "Two"}


def test_removed_data_is_overwritten_in_the_file(path: Path) -> None:
    def keep_deleted_content(connection: sqlite3.Connection, _: object) -> None:
        # The default of SQLite, which some systems compile it without.
        connection.execute("PRAGMA secure_delete = OFF")

    person = {"id": "p", "full_name": SECRET, "custom_fields": [{"id": "c", "value": SECRET}]}
    event.listen(Engine, "connect", keep_deleted_content)
    try:
        with open_copy(path) as copy:
            copy.apply(
                [upsert("a", title=SECRET, participants=[person]), upsert("p", "contacts", **person)], at()
            )
            assert SECRET.encode() in path.read_bytes()
            copy.apply([deleted("a"), deleted("p", "contacts")], at())
    finally:
        event.remove(Engine, "connect", keep_deleted_content)
    assert SECRET.encode() not in path.read_bytes()


def test_an_error_of_the_driver_does_not_show_the_record(copy: Database, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE session_tags")
    with pytest.raises(OSError, match="no such table: session_tags") as caught:
        copy.apply([upsert("a", title=SECRET, tags=[{"id": "t", "name": SECRET}])], at(1))
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert "INSERT" not in str(error)
    # Tools that report errors show what hangs on a context.
    assert SECRET not in repr(vars(error.__context__))
    for shown in (str(error), repr(error), str(error.__context__), pickle.dumps(error).decode("latin1")):
        assert SECRET not in shown
    assert titles(path) == {}
    assert copy.checkpoint is None
