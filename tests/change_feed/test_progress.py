"""The state of a change feed as data: which records are changes, and what a run saves for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from sessionboard_async import Checkpoint
from sessionboard_async.change_feed.clocks import EARLIEST, OVERLAP, RunClocks
from sessionboard_async.change_feed.progress import ResourceProgress
from sessionboard_async.change_feed.state import FeedState

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
    progress = ResourceProgress(ids={"a": reported})
    assert progress.is_change("a", version, unknown=unknown, clocks=CLOCKS) is expected


@pytest.mark.parametrize("version", [LONG_AGO, "digest"])
@pytest.mark.parametrize("unknown", [True, False])
def test_a_record_that_was_not_reported_is_a_change(version: int | str, unknown: bool) -> None:
    progress = ResourceProgress(ids={"a": LONG_AGO}, digests={"a": "digest"})
    assert progress.is_change("b", version, unknown=unknown, clocks=CLOCKS)


@pytest.mark.parametrize("unknown", [True, False])
def test_a_record_without_a_time_is_a_change_by_its_digest(unknown: bool) -> None:
    progress = ResourceProgress(ids={"a": None}, digests={"a": "one"})
    assert not progress.is_change("a", "one", unknown=unknown, clocks=CLOCKS)
    assert progress.is_change("a", "two", unknown=unknown, clocks=CLOCKS)
    assert progress.is_change("a", LONG_AGO, unknown=unknown, clocks=CLOCKS)


@pytest.mark.parametrize("unknown", [True, False])
def test_a_record_whose_version_is_not_known_is_a_change_if_the_caller_says_so(unknown: bool) -> None:
    progress = ResourceProgress(ids={"a": None})
    assert progress.is_change("a", LONG_AGO, unknown=unknown, clocks=CLOCKS) is unknown


# What a run saves


def test_versions_are_saved_as_times_or_digests() -> None:
    progress = ResourceProgress(ids={"c": None}, digests={"c": "old"})
    progress.add_versions({"a": NOW_EXACTLY, "b": "digest", "c": NOW_EXACTLY - 1})
    assert progress.ids == {"a": NOW_EXACTLY, "b": None, "c": NOW_EXACTLY - 1}
    assert progress.digests == {"b": "digest"}
    assert progress.recent == {"a": NOW_EXACTLY, "c": NOW_EXACTLY - 1}


def test_recent_versions_are_those_of_the_last_minutes() -> None:
    progress = ResourceProgress()
    oldest = NOW_EXACTLY - OVERLAP * 1000
    progress.add_versions({"just": oldest, "gone": oldest - 1})
    assert progress.recent == {"just": oldest, "gone": oldest - 1}
    progress.add_versions({"now": NOW_EXACTLY})
    progress.limit_recent()
    assert progress.recent == {"just": oldest, "now": NOW_EXACTLY}
    assert progress.ids == {"just": oldest, "gone": oldest - 1, "now": NOW_EXACTLY}


def test_of_many_recent_versions_the_newest_are_kept() -> None:
    progress = ResourceProgress()
    progress.add_versions({str(number): NOW_EXACTLY + number for number in range(5_002)})
    progress.limit_recent()
    assert len(progress.recent) == 5_000
    assert progress.recent.keys() == {str(number) for number in range(2, 5_002)}
    # In between there may be twice as many, and not more.
    progress.add_versions({str(number): NOW_EXACTLY + number for number in range(10_000)})
    assert len(progress.recent) == 10_000
    progress.add_versions({"one more": NOW_EXACTLY})
    assert len(progress.recent) == 5_000


READING = Checkpoint(version=1, query={}, progress={})


def test_a_page_is_saved_with_the_place_where_its_pass_continues() -> None:
    progress = ResourceProgress()
    progress.add_page({"a": NOW_EXACTLY}, (1, 2), READING)
    assert (progress.ids, progress.as_of, progress.reading) == ({"a": NOW_EXACTLY}, (1, 2), READING)
    progress.restart_pass()
    assert (progress.ids, progress.as_of, progress.reading) == ({"a": NOW_EXACTLY}, None, None)


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
    progress = ResourceProgress(
        watermark=watermark, swept=1, swept_locally=2, reading=READING, as_of=(NOW, NOW)
    )
    progress.ids = {str(time): time * 1000 for time in times} | {"undated": None}
    progress.finish_pass((NOW, NOW + 3 * MINUTES), CLOCKS)
    assert progress.watermark == expected
    assert (progress.as_of, progress.reading) == (None, None)
    assert (progress.swept, progress.swept_locally) == (1, 2)


def test_the_first_pass_is_a_comparison_of_all_ids() -> None:
    progress = ResourceProgress()
    progress.finish_pass((NOW, NOW), RunClocks(local=NOW + 5, server=NOW))
    assert (progress.swept, progress.swept_locally) == (NOW, NOW + 5)


def test_a_comparison_is_dated_by_both_clocks() -> None:
    progress = ResourceProgress(swept=1, swept_locally=2)
    progress.finish_sweep(RunClocks(local=NOW + 5, server=None))
    assert (progress.swept, progress.swept_locally) == (NOW + 5, NOW + 5)
    progress.finish_deletions(7)
    progress.set_missing({"a": 8})
    assert (progress.deletions, progress.missing) == (7, {"a": 8})


def test_removed_ids_leave_nothing_behind() -> None:
    ids: dict[str, int | None] = {"a": 1, "b": 2}
    progress = ResourceProgress(
        ids=ids, recent={"a": 1, "b": 2}, digests={"a": "x", "b": "y"}, missing={"a": 3, "b": 4}
    )
    progress.remove(["a", "unknown"])
    assert progress == ResourceProgress(ids={"b": 2}, recent={"b": 2}, digests={"b": "y"}, missing={"b": 4})


# From one run to the next


def run(
    resume: Checkpoint | None = None,
    *,
    event: int | str = 1,
    expand: Sequence[str] = (),
    filters: Mapping[str, Mapping[str, Any]] | None = None,
    known: Any = None,
) -> FeedState:
    stored = None if resume is None else Checkpoint.from_json(resume.to_json())
    return FeedState(event, ["rooms"], expand=expand, filters=filters or {}, resume=stored, known=known)


def resources(state: FeedState) -> Any:
    """Return the progress by resource, as a checkpoint of the run holds it."""
    return state.checkpoint().progress["resources"]


def test_a_checkpoint_carries_everything_to_the_next_run() -> None:
    state = run()
    rooms = state.resource("rooms")
    rooms.add_versions({"a": NOW_EXACTLY, "b": "digest"})
    rooms.finish_deletions(3)
    rooms.set_missing({"a": 4})
    rooms.finish_pass((NOW, NOW), CLOCKS)
    checkpoint = state.checkpoint()
    assert checkpoint.query["event_id"] == "1"
    assert [*resources(state)] == checkpoint.query["resources"] == ["rooms"]
    later = run(checkpoint, event="1").stored("rooms")
    assert later == ResourceProgress(
        watermark=NOW,
        deletions=3,
        swept=NOW,
        swept_locally=NOW,
        ids={"a": NOW_EXACTLY, "b": None},
        digests={"b": "digest"},
        missing={"a": 4},
    )
    assert run(checkpoint).checkpoint() == checkpoint


def test_a_checkpoint_is_the_same_text_whatever_came_first() -> None:
    texts = set()
    for names in (["rooms", "tracks"], ["tracks", "rooms"]):
        state = run()
        for name in names:
            state.resource(name).add_versions({name: NOW_EXACTLY, "a": NOW_EXACTLY})
        texts.add(state.checkpoint().to_json())
    assert len(texts) == 1


def test_a_resource_that_was_not_read_is_empty_and_not_stored() -> None:
    state = run()
    assert state.stored("rooms") == ResourceProgress()
    assert resources(state) == {}
    assert state.resource("rooms") is state.resource("rooms")
    assert [*resources(state)] == ["rooms"]


class Known:
    """Ids that a caller has; counts how often they are asked for."""

    def __init__(self, ids: object) -> None:
        self._ids = ids
        self.asked: list[str] = []

    def __call__(self, name: str) -> Any:
        self.asked.append(name)
        return self._ids

    async def read(self, name: str) -> Any:
        await asyncio.sleep(0)
        return self(name)


@pytest.mark.anyio
@pytest.mark.parametrize("waits", [False, True])
async def test_ids_of_the_caller_with_times_are_not_stored(waits: bool) -> None:
    known = Known({"a": datetime(2026, 8, 1, tzinfo=UTC), "b": "2026-08-01T00:00:01Z", "c": None})
    state = run(known=known.read if waits else known)
    start = 1_785_542_400_000_000
    assert (await state.load("rooms")).ids == {"a": start, "b": start + 1_000_000, "c": None}
    assert (await state.load("rooms")) is state.resource("rooms")
    assert (known.asked, state.knows_times("rooms")) == (["rooms"], True)
    state.resource("rooms").add_versions({"d": NOW_EXACTLY})
    assert resources(state) == {"rooms": {}}


@pytest.mark.anyio
async def test_ids_of_the_caller_without_times_keep_the_times_of_the_last_minutes() -> None:
    state = run(known=Known(["a", "b"]))
    assert (await state.load("rooms")).ids == {"a": None, "b": None}
    assert resources(state) == {"rooms": {}}
    state.resource("rooms").add_versions({"a": NOW_EXACTLY, "gone": NOW_EXACTLY})
    assert not state.knows_times("rooms")
    assert state.knows_times("tracks")
    checkpoint = state.checkpoint()
    assert checkpoint.progress["resources"] == {"rooms": {"recent": {"a": NOW_EXACTLY, "gone": NOW_EXACTLY}}}
    later = run(checkpoint, known=Known(["a", "b"]))
    assert (await later.load("rooms")).ids == {"a": NOW_EXACTLY, "b": None}
    state.resource("rooms").add_versions({"later": NOW_EXACTLY + OVERLAP * 1000 + 1})
    assert [*resources(state)["rooms"]["recent"]] == ["later"]
    # A resource that this run does not read keeps what the earlier run saved.
    assert run(checkpoint, known=Known(["a", "b"])).checkpoint() == checkpoint


@pytest.mark.anyio
@pytest.mark.parametrize("ids", ["abc", b"abc", 7, None, [1], {1: None}, [None]])
async def test_what_is_no_ids_is_refused_and_asked_for_again(ids: object) -> None:
    known = Known(ids)
    state = run(known=known)
    for _ in range(2):
        with pytest.raises(TypeError, match=r"known\('rooms'\) must return ids"):
            await state.load("rooms")
    assert known.asked == ["rooms", "rooms"]
    assert resources(state) == {"rooms": {}}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([""], ValueError, "must not return an empty id"),
        ({"": None}, ValueError, "must not return an empty id"),
        ({"a": datetime(2026, 8, 1)}, ValueError, "must return datetimes with an offset"),
        ({"a": 1_785_542_400}, TypeError, "must return times as datetimes or strings, not as int"),
    ],
)
async def test_ids_and_times_that_mean_nothing_are_refused(
    ids: object, error: type[Exception], message: str
) -> None:
    state = run(known=Known(ids))
    with pytest.raises(error, match=rf"known\('rooms'\) {message}"):
        await state.load("rooms")
    assert resources(state) == {"rooms": {}}


@pytest.mark.parametrize("known", [{"rooms": ["a"]}, ["a"]])
def test_known_that_is_no_function_is_refused_at_once(known: object) -> None:
    with pytest.raises(TypeError, match=r"known must be a function .*, not (dict|list): write lambda"):
        run(known=known)


@pytest.mark.anyio
async def test_a_checkpoint_without_ids_is_refused_without_known() -> None:
    with pytest.raises(ValueError, match="the checkpoint has no ids, because its feed was given known"):
        run(run(known=Known([])).checkpoint())


@pytest.mark.anyio
async def test_stored_ids_stay_until_the_caller_supplies_others() -> None:
    state = run()
    state.resource("rooms").add_versions({"a": NOW_EXACTLY})
    later = run(state.checkpoint(), known=Known({"b": None}))
    assert resources(later) == {"rooms": {"ids": {"a": NOW_EXACTLY}}}
    await later.load("rooms")
    assert resources(later) == {"rooms": {}}


def test_recent_times_are_not_stored_beside_all_times() -> None:
    state = run()
    state.resource("rooms").add_versions({"a": NOW_EXACTLY})
    assert resources(state) == {"rooms": {"ids": {"a": NOW_EXACTLY}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"event": 2}, "its event_id is '1', not '2'"),
        ({"expand": ["composition"]}, "its expand are [], not ['composition']"),
        ({"filters": {"rooms": {"status": "open"}}}, "its filters differ"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="the checkpoint") as caught:
        run(run().checkpoint(), **changes)
    assert str(caught.value) == f"the checkpoint belongs to another query: {message}"


def test_a_checkpoint_without_the_names_of_resources_is_refused() -> None:
    checkpoint = run().checkpoint()
    query = {name: value for name, value in checkpoint.query.items() if name != "resources"}
    with pytest.raises(ValueError, match="it has no resources"):
        run(msgspec.structs.replace(checkpoint, query=query))


@pytest.mark.parametrize("damaged", [{}, {"resources": []}, {"resources": {"rooms": 1}}])
def test_what_is_no_progress_says_why(damaged: dict[str, Any]) -> None:
    pattern = r"^resume takes what checkpoint\(\) returned, unchanged: .+$"
    with pytest.raises(ValueError, match=pattern):
        run(msgspec.structs.replace(run().checkpoint(), progress=damaged))
