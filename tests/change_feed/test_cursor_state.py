"""The state of a change feed as data: which records are changes, and what a run saves for the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sessionboard_async import Checkpoint
from sessionboard_async.change_feed.clocks import EARLIEST, OVERLAP, RunClocks
from sessionboard_async.change_feed.cursor import FeedState, ResourceCursor

NOW = 1_780_000_000_000
CLOCKS = RunClocks(local=NOW, server=NOW)
LONG_AGO, NOW_EXACTLY = (NOW - 10 * OVERLAP) * 1000, NOW * 1000


# Which records are changes


@pytest.mark.parametrize(
    ("reported", "version", "expected"),
    [
        (LONG_AGO, LONG_AGO, False),
        (LONG_AGO, LONG_AGO + 1, True),
        (LONG_AGO, LONG_AGO - 1, True),
        (NOW_EXACTLY, NOW_EXACTLY - 1, False),
        (NOW_EXACTLY, NOW_EXACTLY + 1, True),
        ((NOW - OVERLAP) * 1000, LONG_AGO, False),
        ((NOW - OVERLAP) * 1000 - 1, LONG_AGO, True),
    ],
    ids=[
        *("the same", "newer", "older", "older, perhaps from a cache", "newer than a moment ago"),
        *("older, a cache may just be it", "older than any cache"),
    ],
)
@pytest.mark.parametrize("unknown", [True, False])
def test_a_record_is_a_change_by_its_time(reported: int, version: int, expected: bool, unknown: bool) -> None:
    cursor = ResourceCursor(ids={"a": reported})
    assert cursor.is_change("a", version, unknown=unknown, clocks=CLOCKS) is expected


@pytest.mark.parametrize("version", [LONG_AGO, "digest"])
@pytest.mark.parametrize("unknown", [True, False])
def test_a_record_that_was_not_reported_is_a_change(version: int | str, unknown: bool) -> None:
    cursor = ResourceCursor(ids={"a": LONG_AGO}, digests={"a": "digest"})
    assert cursor.is_change("b", version, unknown=unknown, clocks=CLOCKS)


@pytest.mark.parametrize("unknown", [True, False])
def test_a_record_without_a_time_is_a_change_by_its_digest(unknown: bool) -> None:
    cursor = ResourceCursor(ids={"a": None}, digests={"a": "one"})
    assert not cursor.is_change("a", "one", unknown=unknown, clocks=CLOCKS)
    assert cursor.is_change("a", "two", unknown=unknown, clocks=CLOCKS)
    assert cursor.is_change("a", LONG_AGO, unknown=unknown, clocks=CLOCKS)


@pytest.mark.parametrize("unknown", [True, False])
def test_a_record_whose_version_is_not_known_is_a_change_if_the_caller_says_so(unknown: bool) -> None:
    cursor = ResourceCursor(ids={"a": None})
    assert cursor.is_change("a", LONG_AGO, unknown=unknown, clocks=CLOCKS) is unknown


# What a run saves


def test_versions_are_saved_as_times_or_digests() -> None:
    cursor = ResourceCursor(ids={"c": None}, digests={"c": "old"})
    cursor.add_versions({"a": NOW_EXACTLY, "b": "digest", "c": NOW_EXACTLY - 1})
    assert cursor.ids == {"a": NOW_EXACTLY, "b": None, "c": NOW_EXACTLY - 1}
    assert cursor.digests == {"b": "digest"}
    assert cursor.recent == {"a": NOW_EXACTLY, "c": NOW_EXACTLY - 1}


def test_recent_versions_are_those_of_the_last_minutes() -> None:
    cursor = ResourceCursor()
    oldest = NOW_EXACTLY - OVERLAP * 1000
    cursor.add_versions({"just": oldest, "gone": oldest - 1})
    assert cursor.recent == {"just": oldest, "gone": oldest - 1}
    cursor.add_versions({"now": NOW_EXACTLY})
    cursor.limit_recent()
    assert cursor.recent == {"just": oldest, "now": NOW_EXACTLY}
    assert cursor.ids == {"just": oldest, "gone": oldest - 1, "now": NOW_EXACTLY}


def test_of_many_recent_versions_the_newest_are_kept() -> None:
    cursor = ResourceCursor()
    cursor.add_versions({str(number): NOW_EXACTLY + number for number in range(5_002)})
    cursor.limit_recent()
    assert len(cursor.recent) == 5_000
    assert cursor.recent.keys() == {str(number) for number in range(2, 5_002)}
    # In between there may be twice as many, and not more.
    cursor.add_versions({str(number): NOW_EXACTLY + number for number in range(10_000)})
    assert len(cursor.recent) == 10_000
    cursor.add_versions({"one more": NOW_EXACTLY})
    assert len(cursor.recent) == 5_000


READING = Checkpoint(version=1, query={}, progress={})


def test_a_page_is_saved_with_the_place_where_its_pass_continues() -> None:
    cursor = ResourceCursor()
    cursor.add_page({"a": NOW_EXACTLY}, (1, 2), READING)
    assert (cursor.ids, cursor.as_of, cursor.reading) == ({"a": NOW_EXACTLY}, (1, 2), READING)
    cursor.restart_pass()
    assert (cursor.ids, cursor.as_of, cursor.reading) == ({"a": NOW_EXACTLY}, None, None)


MINUTES = 60_000


@pytest.mark.parametrize(
    ("watermark", "times", "expected"),
    [
        (None, [NOW - 5, NOW - 9], NOW - 5),
        (None, [NOW - 5, NOW + MINUTES], NOW - 5),
        (None, [NOW + MINUTES, NOW + 2 * MINUTES], NOW + 2 * MINUTES),
        (None, [NOW + 4 * MINUTES], None),
        (None, [], None),
        (None, [EARLIEST - 1], None),
        (None, [EARLIEST], EARLIEST),
        (NOW - 7, [NOW - 5], NOW - 5),
        (NOW - 5, [NOW - 7], NOW - 5),
        (NOW - 5, [], NOW - 5),
        (NOW - 5, [NOW + MINUTES], NOW - 5),
        (NOW + OVERLAP, [NOW - 5], NOW + OVERLAP),
        (NOW + OVERLAP + 1, [NOW - 5], None),
    ],
)
def test_the_watermark_is_the_newest_time_that_was_delivered(
    watermark: int | None, times: list[int], expected: int | None
) -> None:
    cursor = ResourceCursor(watermark=watermark, swept=1, swept_locally=2, reading=READING, as_of=(NOW, NOW))
    cursor.ids = {str(time): time * 1000 for time in times} | {"undated": None}
    cursor.finish_pass((NOW, NOW + 3 * MINUTES), CLOCKS)
    assert cursor.watermark == expected
    assert (cursor.as_of, cursor.reading) == (None, None)
    assert (cursor.swept, cursor.swept_locally) == (1, 2)


def test_the_first_pass_is_a_comparison_of_all_ids() -> None:
    cursor = ResourceCursor()
    cursor.finish_pass((NOW, NOW), RunClocks(local=NOW + 5, server=NOW))
    assert (cursor.swept, cursor.swept_locally) == (NOW, NOW + 5)


def test_a_comparison_is_dated_by_both_clocks() -> None:
    cursor = ResourceCursor(swept=1, swept_locally=2)
    cursor.finish_sweep(RunClocks(local=NOW + 5, server=None))
    assert (cursor.swept, cursor.swept_locally) == (NOW + 5, NOW + 5)
    cursor.finish_deletions(7)
    cursor.set_missing({"a": 8})
    assert (cursor.deletions, cursor.missing) == (7, {"a": 8})


def test_removed_ids_leave_nothing_behind() -> None:
    ids: dict[str, int | None] = {"a": 1, "b": 2}
    cursor = ResourceCursor(
        ids=ids, recent={"a": 1, "b": 2}, digests={"a": "x", "b": "y"}, missing={"a": 3, "b": 4}
    )
    cursor.remove(["a", "unknown"])
    assert cursor == ResourceCursor(ids={"b": 2}, recent={"b": 2}, digests={"b": "y"}, missing={"b": 4})


# From one run to the next


def run(
    cursor: object = None, *, event: int | str = 1, scope: object = "all", known: Any = None
) -> FeedState:
    saved = None if cursor is None else json.loads(json.dumps(cursor))
    return FeedState(event, scope, saved, known)


def test_a_cursor_carries_everything_to_the_next_run() -> None:
    state = run()
    rooms = state.resource("rooms")
    rooms.add_versions({"a": NOW_EXACTLY, "b": "digest"})
    rooms.finish_deletions(3)
    rooms.set_missing({"a": 4})
    rooms.finish_pass((NOW, NOW), CLOCKS)
    cursor = state.cursor()
    assert (cursor["version"], cursor["event_id"], [*cursor["resources"]]) == (1, "1", ["rooms"])
    later = run(cursor, event="1").stored("rooms")
    assert later == ResourceCursor(
        watermark=NOW,
        deletions=3,
        swept=NOW,
        swept_locally=NOW,
        ids={"a": NOW_EXACTLY, "b": None},
        digests={"b": "digest"},
        missing={"a": 4},
    )
    assert run(cursor).cursor() == cursor


def test_a_cursor_is_the_same_text_whatever_came_first() -> None:
    texts = set()
    for names in (["rooms", "tracks"], ["tracks", "rooms"]):
        state = run()
        for name in names:
            state.resource(name).add_versions({name: NOW_EXACTLY, "a": NOW_EXACTLY})
        texts.add(json.dumps(state.cursor()))
    assert len(texts) == 1


def test_a_resource_that_was_not_read_is_empty_and_not_stored() -> None:
    state = run()
    assert state.stored("rooms") == ResourceCursor()
    assert state.cursor()["resources"] == {}
    assert state.resource("rooms") is state.resource("rooms")
    assert [*state.cursor()["resources"]] == ["rooms"]


class Known:
    """Ids that a caller has; counts how often they are asked for."""

    def __init__(self, ids: Iterable[str] | Mapping[str, datetime | str | None]) -> None:
        self._ids = ids
        self.asked: list[str] = []

    def __call__(self, name: str) -> Iterable[str] | Mapping[str, datetime | str | None]:
        self.asked.append(name)
        return self._ids


def test_ids_of_the_caller_with_times_are_not_stored() -> None:
    known = Known({"a": datetime(2026, 8, 1, tzinfo=UTC), "b": "2026-08-01T00:00:01Z", "c": None})
    state = run(known=known)
    start = 1_785_542_400_000_000
    assert state.resource("rooms").ids == {"a": start, "b": start + 1_000_000, "c": None}
    assert state.resource("rooms").ids
    assert (known.asked, state.knows_times("rooms")) == (["rooms"], True)
    state.resource("rooms").add_versions({"d": NOW_EXACTLY})
    assert state.cursor()["resources"] == {"rooms": {}}


def test_ids_of_the_caller_without_times_keep_the_times_of_the_last_minutes() -> None:
    state = run(known=Known(["a", "b"]))
    assert state.resource("rooms").ids == {"a": None, "b": None}
    assert state.cursor()["resources"] == {"rooms": {}}
    state.resource("rooms").add_versions({"a": NOW_EXACTLY, "gone": NOW_EXACTLY})
    assert not state.knows_times("rooms")
    assert state.knows_times("tracks")
    cursor = state.cursor()
    assert cursor["resources"] == {"rooms": {"recent": {"a": NOW_EXACTLY, "gone": NOW_EXACTLY}}}
    later = run(cursor, known=Known(["a", "b"]))
    assert later.resource("rooms").ids == {"a": NOW_EXACTLY, "b": None}
    # A resource that this run does not read keeps what the earlier run saved.
    assert run(cursor, known=Known(["a", "b"])).cursor() == cursor


def test_recent_times_are_not_stored_beside_all_times() -> None:
    state = run()
    state.resource("rooms").add_versions({"a": NOW_EXACTLY})
    assert state.cursor()["resources"] == {"rooms": {"ids": {"a": NOW_EXACTLY}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"event": 2}, "the cursor is of event 1, not of event 2"),
        (
            {"scope": "some"},
            "the cursor was made with other filters or expansions: start again without a cursor",
        ),
    ],
)
def test_a_cursor_of_something_else_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="the cursor") as caught:
        run(run().cursor(), **changes)
    assert str(caught.value) == message


def test_a_cursor_of_another_version_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="version") as caught:
        run({**run().cursor(), "version": 2})
    assert str(caught.value) == (
        "the cursor has version 2, and this package reads version 1: start again without a cursor"
    )


@pytest.mark.parametrize("damaged", [[], "x", {}, {"version": 1}])
def test_what_is_no_cursor_says_why(damaged: object) -> None:
    pattern = r"^the cursor is invalid \(.+\): pass the cursor of an earlier run unchanged$"
    with pytest.raises(ValueError, match=pattern):
        run(damaged)
