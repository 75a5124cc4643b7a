"""Checkpoints as data: what counts as processed, and which checkpoints a query accepts."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from sessionboard_async.core.endpoint import ENDPOINTS
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint, digest
from sessionboard_async.core.pagination.checkpoints.progress import StreamProgress, read_checkpoint
from sessionboard_async.core.pagination.checkpoints.tracker import CheckpointTracker
from sessionboard_async.core.pagination.query import PagedQuery

START = StreamProgress(after=5, recent_ids=("a",), delivered=10)
NEXT = StreamProgress(after=9, delivered=13)
IDS = ["b", 7, "c"]


def searching(event: int | str = 4630, query: dict[str, Any] | None = None, **search: Any) -> PagedQuery:
    return PagedQuery(ENDPOINTS["search-sessions"], {"event_id": event}, query or {}, search)


def tracker(progress: StreamProgress = START) -> CheckpointTracker:
    return CheckpointTracker(searching(), "exact", progress)


def itself(record: object) -> object:
    return record


def progress_of(tracked: CheckpointTracker, *, include_current: bool) -> StreamProgress:
    """Return what an iteration that resumes from the checkpoint starts with, after saving it as JSON."""
    saved = Checkpoint.from_json(tracked.checkpoint(include_current=include_current).to_json())
    return read_checkpoint(saved, searching(), "exact")


# What is processed


def test_before_anything_is_delivered_nothing_is_processed() -> None:
    assert progress_of(tracker(), include_current=True) == START
    assert progress_of(tracker(), include_current=False) == START


def test_a_page_is_processed_only_where_the_current_one_counts() -> None:
    tracked = tracker()
    tracked.deliver(IDS, itself, NEXT)
    assert progress_of(tracked, include_current=False) == START
    assert progress_of(tracked, include_current=True) == NEXT


def test_a_page_without_a_next_position_is_processed_id_by_id() -> None:
    tracked = tracker()
    tracked.deliver([*IDS, None, ""], itself, None)
    expected = StreamProgress(after=5, recent_ids=("a", "b", "7", "c"), delivered=15)
    assert progress_of(tracked, include_current=True) == expected


@pytest.mark.parametrize(
    ("taken", "include_current", "expected"),
    [
        (0, True, START),
        (0, False, START),
        (1, False, START),
        (1, True, StreamProgress(after=5, recent_ids=("a", "b"), delivered=11)),
        (2, False, StreamProgress(after=5, recent_ids=("a", "b"), delivered=11)),
        (2, True, StreamProgress(after=5, recent_ids=("a", "b", "7"), delivered=12)),
        (3, False, StreamProgress(after=5, recent_ids=("a", "b", "7"), delivered=12)),
        (3, True, NEXT),
    ],
)
def test_records_taken_one_by_one_are_processed_one_by_one(
    taken: int, include_current: bool, expected: StreamProgress
) -> None:
    tracked = tracker()
    tracked.deliver(IDS, itself, NEXT)
    rest: Iterator[object] = iter(IDS)
    tracked.deliver_one_by_one(rest)
    for _ in range(taken):
        next(rest)
    assert progress_of(tracked, include_current=include_current) == expected


def test_a_finished_stream_has_processed_the_record_returned_last() -> None:
    tracked = tracker()
    tracked.deliver(IDS, itself, NEXT)
    rest: Iterator[object] = iter(IDS)
    tracked.deliver_one_by_one(rest)
    next(rest)
    tracked.finish()
    next(rest)
    expected = StreamProgress(after=5, recent_ids=("a", "b"), delivered=11)
    assert progress_of(tracked, include_current=False) == expected
    assert progress_of(tracked, include_current=True) == expected


def test_advancing_forgets_the_page_before() -> None:
    tracked = tracker()
    tracked.deliver(IDS, itself, NEXT)
    tracked.deliver_one_by_one(iter(IDS))
    later = StreamProgress(after=11, delivered=13)
    tracked.advance(later)
    assert progress_of(tracked, include_current=False) == later
    assert progress_of(tracked, include_current=True) == later


def test_every_field_of_the_progress_is_kept() -> None:
    progress = StreamProgress(after=1, before=2, page=3, page_size=4, recent_ids=("x",), delivered=5)
    tracked = tracker(progress)
    assert progress_of(tracked, include_current=True) == progress
    stored = json.loads(tracked.checkpoint(include_current=True).to_json())
    assert stored["version"] == 1
    assert stored["progress"] == {
        "after": 1,
        "before": 2,
        "page": 3,
        "page_size": 4,
        "recent_ids": ["x"],
        "delivered": 5,
    }


def test_the_end_is_kept() -> None:
    tracked = tracker(StreamProgress(done=True, delivered=5))
    assert tracked.checkpoint(include_current=True).done
    assert not tracker().checkpoint(include_current=True).done
    with pytest.raises(ValueError, match=r"^the checkpoint is of the end: everything was read"):
        progress_of(tracked, include_current=True)


# Which query it belongs to


def made(query: PagedQuery, consistency: str = "exact") -> Checkpoint:
    return CheckpointTracker(query, consistency, START).checkpoint(include_current=False)


PLAIN = {"order": "createdAt", "sort": "asc"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (searching(), searching(event="4630")),
        (searching(), searching(filters={}, expand=[])),
        (searching(expand=["tags", "room"]), searching(expand=["room", "tags"])),
        (
            searching(filters={"status": ["accepted"], "format": ["talk"]}),
            searching(filters={"format": ["talk"], "status": ["accepted"]}),
        ),
        (searching(query={"a": 1, "b": 2}), searching(query={"b": 2, "a": 1})),
    ],
    ids=["id as text", "empty", "order of expansions", "order of filters", "order of parameters"],
)
def test_the_same_query_in_another_spelling_is_accepted(first: PagedQuery, second: PagedQuery) -> None:
    assert read_checkpoint(made(first), second, "exact") == START


@pytest.mark.parametrize(
    ("query", "difference"),
    [
        (searching(event=4631), "its event_id is '4631', not '4630'"),
        (searching(filters={"status": ["accepted"]}), "its filters differ"),
        (searching(query={"includeDeleted": True}), "its arguments differ"),
        (searching(onlyMine=True), "its arguments differ"),
        (searching(sort=PLAIN), "its sort is 'createdAt asc', not 'none'"),
        (searching(expand=["tags"]), "its expand are ['tags'], not []"),
        (
            PagedQuery(ENDPOINTS["search-speakers"], {"event_id": 4630}, {}, {}),
            "its operation is 'search-speakers', not 'search-sessions'",
        ),
    ],
)
def test_a_checkpoint_of_another_query_is_refused_by_the_difference(
    query: PagedQuery, difference: str
) -> None:
    with pytest.raises(ValueError, match="belongs to another query") as caught:
        read_checkpoint(made(query), searching(), "exact")
    assert str(caught.value) == f"the checkpoint belongs to another query: {difference}"


def test_all_differences_are_named() -> None:
    with pytest.raises(ValueError, match="consistency") as caught:
        read_checkpoint(made(searching(event=1), "pages"), searching(), "exact")
    text = "its event_id is '1', not '4630', its consistency is 'pages', not 'exact'"
    assert str(caught.value).endswith(f": {text}")


def test_missing_and_unknown_parts_of_a_query_are_named() -> None:
    checkpoint = made(searching())
    del checkpoint.query["event_id"]
    checkpoint.query["session_id"] = "9"
    with pytest.raises(ValueError, match="another query") as caught:
        read_checkpoint(checkpoint, searching(), "exact")
    assert "its session_id is '9', not None" in str(caught.value)
    assert "it has no event_id" in str(caught.value)


def test_the_error_of_a_damaged_query_is_short_and_printable() -> None:
    checkpoint = made(searching())
    checkpoint.query.update({f"{number}\x1b{'x' * 1000}": "y" * 1000 for number in range(1000)})
    with pytest.raises(ValueError, match=r", and 990 more differences$") as caught:
        read_checkpoint(checkpoint, searching(), "exact")
    assert len(str(caught.value)) < 3000
    assert str(caught.value).isprintable()


def test_a_checkpoint_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the checkpoint has version 2; this package reads version 1$"):
        Checkpoint.from_json(made(searching()).to_json().replace('"version":1', '"version":2'))
    with pytest.raises(ValueError, match=r"^the checkpoint has version 0; this package reads version 1$"):
        read_checkpoint(msgspec.structs.replace(made(searching()), version=0), searching(), "exact")


DAMAGED = (
    *(b"", b"\xff", "x", "null", "[]", "7", "{}", '{"version":1}', "\ud800", " "),
    '{"version":"1","query":{},"progress":{}}',
    '{"version":1,"query":{"a":1},"progress":{}}',
    '{"version":1,"query":{},"progress":[]}',
    '{"version":1,"query":{},"progress":' + '{"a":' * 5_000,
)


def test_what_is_no_checkpoint_is_refused() -> None:
    for damaged in DAMAGED:
        with pytest.raises(ValueError, match=r"^resume takes what checkpoint\(\) returned, unchanged: "):
            Checkpoint.from_json(damaged)
    with pytest.raises(TypeError, match="text or bytes, not dict"):
        Checkpoint.from_json({})  # type: ignore[arg-type]  # a wrong call


def test_a_checkpoint_is_a_value() -> None:
    checkpoint = made(searching())
    stored = Checkpoint.from_json(checkpoint.to_json())
    for copied in (copy.copy(checkpoint), pickle.loads(pickle.dumps(checkpoint)), made(searching()), stored):
        assert (copied, hash(copied)) == (checkpoint, hash(checkpoint))
    assert made(searching(event=1)) != checkpoint
    assert checkpoint.belongs_to == "search-sessions, event_id 4630"
    assert repr(checkpoint) == "<Checkpoint of search-sessions, event_id 4630>"
    assert checkpoint.__rich_repr__() == [("belongs_to", checkpoint.belongs_to), ("done", False)]
    assert made(searching(event="a\x1b")).belongs_to == "search-sessions, event_id a\\x1b"


def test_checkpoints_that_are_equal_are_stored_alike() -> None:
    names = ["operation", "event_id", "session_id", "consistency"]
    one, other = (
        Checkpoint(version=1, query=dict.fromkeys(order, "1"), progress=dict.fromkeys(order, 1))
        for order in (names, names[::-1])
    )
    assert one == other
    assert one.to_json() == other.to_json()
    assert len({one, other}) == 1
    assert len({hash(made(searching(event=number))) for number in range(10)}) == 10


def test_a_checkpoint_of_the_end_shows_it() -> None:
    checkpoint = Checkpoint(version=1, query={"operation": "search-sessions"}, progress={"done": True})
    assert repr(checkpoint) == "<Checkpoint of search-sessions, done>"
    assert checkpoint.__rich_repr__() == [("belongs_to", "search-sessions"), ("done", True)]


@pytest.mark.parametrize(
    ("wrong", "kind"), [(True, "bool"), ({}, "dict"), ("{}", "str"), (b"{}", "bytes"), (7, "int")]
)
def test_what_is_passed_instead_of_a_checkpoint_is_named(wrong: object, kind: str) -> None:
    with pytest.raises(TypeError) as caught:
        read_checkpoint(wrong, searching(), "exact")
    assert str(caught.value) == (
        f"resume takes a Checkpoint, not {kind}: Checkpoint.from_json(text) reads one that to_json() wrote"
    )


@pytest.mark.parametrize("differences", [9, 10, 11])
def test_ten_differences_are_named(differences: int) -> None:
    checkpoint = made(searching())
    checkpoint.query.update({f"other_{number}": "1" for number in range(differences)})
    with pytest.raises(ValueError, match="another query") as caught:
        read_checkpoint(checkpoint, searching(), "exact")
    message = str(caught.value)
    assert message.count("its other_") == min(differences, 10)
    assert message.endswith(", and 1 more differences") is (differences == 11)


PAGE = {"page": 3, "page_size": 10, "delivered": 20}


@pytest.mark.parametrize(
    ("consistency", "progress", "reason"),
    [
        ("exact", {"after": 6, "before": 5}, "it ends before it begins"),
        ("pages", {"page": 3}, "it has a page or a page size without the other"),
        ("pages", {"page_size": 10}, "it has a page or a page size without the other"),
        ("pages", {"delivered": 5}, "it has no page"),
        ("pages", {"recent_ids": ["a"]}, "it has no page"),
    ],
)
def test_progress_that_contradicts_itself_is_refused(
    consistency: str, progress: dict[str, Any], reason: str
) -> None:
    checkpoint = msgspec.structs.replace(made(searching(), consistency), progress=progress)
    with pytest.raises(ValueError, match="unchanged") as caught:
        read_checkpoint(checkpoint, searching(), consistency)
    assert str(caught.value) == f"resume takes what checkpoint() returned, unchanged: {reason}"


@pytest.mark.parametrize(
    ("consistency", "progress"),
    [
        ("exact", {"after": 5, "before": 5}),
        ("exact", {"before": 5}),
        ("exact", {"delivered": 5}),
        ("exact", PAGE),
        ("pages", PAGE),
        ("pages", {}),
    ],
)
def test_progress_at_its_bounds_is_accepted(consistency: str, progress: dict[str, Any]) -> None:
    checkpoint = msgspec.structs.replace(made(searching(), consistency), progress=progress)
    assert read_checkpoint(checkpoint, searching(), consistency) == StreamProgress(**progress)


def test_equal_values_have_one_short_hash() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert len(digest(None)) == 16
