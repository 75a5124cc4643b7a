"""After any sequence of changes, a copy holds the same records as a plain dict."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionboard_async.change_feed.feed import Change
from sessionboard_async.sqlite import Applied, Database
from sessionboard_async.sqlite.schema import RESOURCES
from tests.sqlite.sample_changes import ask, at, deleted, left_scope, open_copy, upsert

pytestmark = pytest.mark.untraced

QUIET = settings(
    deadline=None,
    # The fixture only holds an empty copy, which every example copies.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

Records = dict[tuple[str, str], dict[str, Any]]

START = datetime(2026, 8, 1, 9, tzinfo=UTC)

TIMES = st.builds(
    lambda minutes, zone: (
        (START + timedelta(minutes=minutes)).astimezone(timezone(timedelta(hours=zone))).isoformat()
    ),
    st.integers(0, 3),
    st.integers(-11, 11),
)
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("pqr")}, optional={"updated_at": TIMES, "order": st.integers(0, 3)}
    ),
    max_size=3,
)
UPSERTS = st.builds(
    upsert,
    st.sampled_from("abc"),
    st.sampled_from(["sessions", "sessions", "contacts"]),
    title=st.sampled_from(["One", "Two"]),
    updated_at=TIMES | st.none(),
    participants=PEOPLE,
    speakers=PEOPLE,
    tags=st.lists(st.just({"name": "sql"}), max_size=2),
    custom_fields=st.lists(st.just({"key": "k", "value": 1}), max_size=2),
)
REMOVALS = st.builds(
    lambda gone, id_, resource: gone(id_, resource),
    st.sampled_from([deleted, left_scope]),
    st.sampled_from("abc"),
    st.sampled_from(["sessions", "contacts"]),
)
BATCHES = st.lists(st.lists(UPSERTS | REMOVALS, max_size=6), max_size=6)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3),
    max_leaves=5,
)


def names(resource: str) -> st.SearchStrategy[str]:
    """The names of the fields that fill the columns and tables of a resource."""
    layout = RESOURCES[resource]
    found = {path[0] for source in layout.sources for path in source.paths} | {
        array.name for array in layout.arrays
    }
    return st.sampled_from(sorted(found | {"participants", "speakers", "moderators"}))


ENTRIES = st.lists(
    st.dictionaries(st.sampled_from(["id", "name", "order", "is_public", "participant_role", "value"]), JSON)
    | JSON,
    max_size=3,
)


@pytest.fixture
def empty_copy(memory_folder: Path) -> Path:
    """A copy without records; copying the file is faster than creating all tables."""
    path = memory_folder / "event.db"
    open_copy(path).close()
    return path


@contextmanager
def new_copy(empty_copy: Path) -> Iterator[tuple[Database, Path]]:
    with tempfile.TemporaryDirectory(dir=empty_copy.parent) as directory:
        path = Path(shutil.copy(empty_copy, directory))
        with open_copy(path) as copy:
            yield copy, path


def apply_to_dict(records: Records, changes: Sequence[Change[dict[str, Any]]]) -> Applied:
    """Apply changes to a dict."""
    outcome = dict.fromkeys(("upserted", "unchanged", "outdated", "removed"), 0)
    for change in changes:
        key = (change.resource, change.id)
        old, new = records.get(key), change.record
        if new is None:
            outcome["removed"] += records.pop(key, None) is not None
        elif old and old["updated_at"] and new["updated_at"] and updated_at(new) < updated_at(old):
            outcome["outdated"] += 1
        else:
            outcome["unchanged" if new == old else "upserted"] += 1
            records[key] = new
    return Applied(**outcome)


def updated_at(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["updated_at"])


def check_batches(empty_copy: Path, batches: list[list[Change[dict[str, Any]]]]) -> None:
    with new_copy(empty_copy) as (copy, path):
        records: Records = {}
        for number, batch in enumerate(batches):
            assert copy.apply(batch, at(number)) == apply_to_dict(records, batch)
        for resource in ("sessions", "contacts"):
            stored = dict(ask(path, f"SELECT id, record FROM {resource}"))
            there = {id_: record for (name, id_), record in records.items() if name == resource}
            assert {id_: msgspec.json.decode(record) for id_, record in stored.items()} == there
            assert copy.ids(resource) == sorted(there)
        sessions = {id_: record for (name, id_), record in records.items() if name == "sessions"}
        on = {
            (id_, person["id"])
            for id_, record in sessions.items()
            for person in (*record["participants"], *record["speakers"])
        }
        assert set(ask(path, "SELECT DISTINCT session_id, person_id FROM session_people")) == on
        assert {id_ for (id_,) in ask(path, "SELECT id FROM people")} == {person for _, person in on}
        tags = [id_ for id_, record in sorted(sessions.items()) for _ in record["tags"]]
        assert [id_ for (id_,) in ask(path, "SELECT session_id FROM session_tags ORDER BY 1")] == tags
        assert ask(path, "PRAGMA foreign_key_check") == []
        assert copy.checkpoint == (at(len(batches) - 1) if batches else None)


@settings(QUIET, max_examples=25)
@given(batches=BATCHES)
def test_batches_change_a_copy_as_a_dict(
    empty_copy: Path, batches: list[list[Change[dict[str, Any]]]]
) -> None:
    check_batches(empty_copy, batches)


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(batches=BATCHES)
def test_many_batches_change_a_copy_as_a_dict(
    empty_copy: Path, batches: list[list[Change[dict[str, Any]]]]
) -> None:
    check_batches(empty_copy, batches)


def check_record(empty_copy: Path, data: st.DataObject) -> None:
    resource = data.draw(st.sampled_from(sorted(RESOURCES)))
    odd = data.draw(st.dictionaries(names(resource) | st.text(max_size=3), JSON | ENTRIES, max_size=8))
    id_ = data.draw(st.text(min_size=1, max_size=4))
    with new_copy(empty_copy) as (copy, path):
        change = Change(kind="upsert", resource=resource, id=id_, record=odd)
        assert copy.apply([change], at()) == Applied(upserted=1)
        assert copy.apply([change], at()) == Applied(unchanged=1)
        [(kept, record)] = ask(path, f"SELECT id, record FROM {resource}")
        assert kept == id_
        assert msgspec.json.decode(record) == odd
        assert copy.apply([deleted(id_, resource)], at()) == Applied(removed=1)
        assert ask(path, "SELECT count(*) FROM people") == [(0,)]


@settings(QUIET, max_examples=50)
@given(data=st.data())
def test_any_record_can_be_written_and_read(empty_copy: Path, data: st.DataObject) -> None:
    check_record(empty_copy, data)


@pytest.mark.slow
@settings(QUIET, max_examples=120)
@given(data=st.data())
def test_many_records_can_be_written_and_read(empty_copy: Path, data: st.DataObject) -> None:
    check_record(empty_copy, data)
