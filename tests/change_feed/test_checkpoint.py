"""Checkpoints: stored between runs, and checked before anything is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from sessionboard_async import AsyncSession, Checkpoint, Expansion
from sessionboard_async.change_feed import changes
from tests.change_feed.following import Follower, record
from tests.support.records_api import RecordsAPI

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]


async def test_the_order_of_filters_and_expansions_does_not_matter(api: RecordsAPI, sb: AsyncSession) -> None:
    filters = {"contacts": {"created_after": "2000-01-01T00:00:00Z", "status": "accepted"}, "rooms": {}}
    feed = changes(sb, 1, filters=filters, expand=["composition", "translated_fields"])
    other = {"rooms": {}, "contacts": dict(reversed(filters["contacts"].items()))}
    twice: list[Expansion] = ["translated_fields", "composition", "composition"]
    changes(sb, 1, resume=feed.checkpoint(), filters=other, expand=twice)
    assert not api.requests


async def test_a_record_with_its_keys_in_another_order_is_no_change(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    api.records["rooms"].append({"id": "undated", "name": "Hall", "capacity": 10})
    follower = Follower(sb, "rooms", "statuses")
    await follower.run()
    for records in (api.records["rooms"], api.records["statuses"]):
        records[-1] = dict(reversed(records[-1].items()))
    assert await follower.compare() == set()


async def test_a_record_that_is_removed_and_created_alike_is_reported_again(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    api.records["rooms"].append({"id": "undated", "name": "Hall"})
    follower = Follower(sb, "rooms", "statuses")
    await follower.run()
    room, status = api.records["rooms"].pop(), api.records["statuses"].pop()
    assert await follower.compare() == {("deleted", "undated"), ("deleted", "t4")}
    assert follower.checkpoint is not None
    text = follower.checkpoint.to_json()
    assert "undated" not in text
    assert "t4" not in text
    api.records["rooms"].append(room)
    api.records["statuses"].append(status)
    assert await follower.compare() == {("upsert", "undated"), ("upsert", "t4")}


def cut(*path: str, to: object) -> Callable[[Any], Any]:
    """Return a function that damages a checkpoint at a path."""

    def damage(checkpoint: Any) -> Any:
        target = checkpoint
        for name in path[:-1]:
            target = target[name]
        target[path[-1]] = to
        return checkpoint

    return damage


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"query": value}
    return value


CONTACTS = ("progress", "resources", "contacts")

DAMAGES: dict[str, Callable[[Any], Any]] = {
    "another query": cut("query", to={"operation": "changes", "event_id": "1"}),
    "without resources": cut("progress", to={}),
    "resources as a list": cut("progress", "resources", to=[]),
    "a resource as text": cut(*CONTACTS, to="all"),
    "a resource that is null": cut(*CONTACTS, to=None),
    "a watermark of 400 digits": cut(*CONTACTS, "watermark", to=10**400),
    "a watermark past the year 9999": cut(*CONTACTS, "watermark", to=10**15),
    "a watermark before the year 1": cut(*CONTACTS, "watermark", to=-(10**15)),
    "a watermark as text": cut(*CONTACTS, "watermark", to="2026-01-01"),
    "a watermark that is no number": cut(*CONTACTS, "watermark", to=float("nan")),
    "endless deletions": cut(*CONTACTS, "deletions", to=10**30),
    "a sweep that is true": cut(*CONTACTS, "swept", to=True),
    "half a start": cut(*CONTACTS, "as_of", to=[1]),
    "ids as text": cut(*CONTACTS, "ids", to="c1 c2"),
    "a time of an id as text": cut(*CONTACTS, "ids", to={"c1": "yesterday"}),
    "a digest as a number": cut(*CONTACTS, "digests", to={"c1": 1}),
    "missing since for ever": cut(*CONTACTS, "missing", to={"c1": -(10**30)}),
    "a checkpoint as text": cut(*CONTACTS, "reading", to="page 2"),
    "an empty checkpoint": cut(*CONTACTS, "reading", to={}),
    "a checkpoint without progress": cut(*CONTACTS, "reading", to={"version": 1, "query": {}}),
    "a checkpoint of another query": cut(
        *CONTACTS, "reading", to={"version": 1, "query": {"operation": "search-rooms"}, "progress": {}}
    ),
    "nesting without end": cut(*CONTACTS, "reading", to=nested(100_000)),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_checkpoint_is_an_error_before_any_request(
    api: RecordsAPI, sb: AsyncSession, damage: str
) -> None:
    feed = changes(sb, 1, resources=["contacts"])
    await anext(feed)
    whole = feed.checkpoint()
    await feed.aclose()
    api.requests.clear()
    damaged = DAMAGES[damage](json.loads(whole.to_json()))
    with pytest.raises(
        ValueError, match=r"^resume takes what checkpoint\(\) returned|another query"
    ) as caught:
        changes(sb, 1, resources=["contacts"], resume=Checkpoint(**damaged))
    assert len(str(caught.value)) < 500
    assert not api.requests


async def test_a_checkpoint_of_another_version_is_refused(api: RecordsAPI, sb: AsyncSession) -> None:
    checkpoint = changes(sb, 1, resources=["contacts"]).checkpoint()
    with pytest.raises(ValueError, match="has version 2; this package reads version 1"):
        changes(sb, 1, resources=["contacts"], resume=msgspec.structs.replace(checkpoint, version=2))
    assert not api.requests


async def test_a_checkpoint_names_its_event_and_resources(api: RecordsAPI, sb: AsyncSession) -> None:
    follower = Follower(sb, "rooms", "statuses")
    before = changes(sb, 1, resources=["rooms", "statuses"]).checkpoint()
    assert before.belongs_to == "changes, event_id 1, resources rooms statuses"
    assert repr(before) == "<Checkpoint of changes, event_id 1, resources rooms statuses>"
    await follower.run()
    assert follower.checkpoint == follower.feed.checkpoint()
    assert hash(follower.checkpoint) == hash(follower.feed.checkpoint())
    assert follower.feed.checkpoint() != before


async def test_a_checkpoint_of_a_finished_run_is_not_done(api: RecordsAPI, sb: AsyncSession) -> None:
    follower = Follower(sb, "rooms")
    await follower.run()
    for _ in range(2):
        assert follower.checkpoint is not None
        assert not follower.checkpoint.done
        assert await follower.run() == set()


async def test_a_run_may_follow_other_resources(api: RecordsAPI, sb: AsyncSession) -> None:
    follower = Follower(sb)
    assert len(await follower.run(resources=["rooms"])) == 5
    assert {id_[0] for _, id_ in await follower.run(resources=["contacts"])} == {"c"}
    assert follower.checkpoint is not None
    assert follower.checkpoint.belongs_to == "changes, event_id 1, resources contacts rooms"
    del api.records["rooms"][0]
    assert await follower.run(resources=["rooms", "contacts"], sweep_every=timedelta()) == {("deleted", "r0")}


async def test_a_watermark_in_the_future_hides_no_change(api: RecordsAPI, sb: AsyncSession) -> None:
    follower = Follower(sb, "contacts", "rooms")
    await follower.run()
    for resource in follower.progress.values():
        resource["watermark"] = 4_000_000_000_000
    api.records["contacts"][3] |= {"name": "Renamed", "updated_at": record("now", hours_ago=0)["updated_at"]}
    assert await follower.run() == {("upsert", "c3")}
    api.records["contacts"][4] |= {"name": "Renamed", "updated_at": record("now", hours_ago=0)["updated_at"]}
    assert await follower.run() == {("upsert", "c4")}
    api.requests.clear()
    assert await follower.run() == set()
    # The next watermark is from the data again: one page with its overlap, and no comparison.
    assert api.requests == ["POST contacts", "POST rooms"]


async def test_a_deletion_from_the_future_hides_no_later_one(api: RecordsAPI, sb: AsyncSession) -> None:
    follower = Follower(sb, "sessions")
    await follower.run()
    for deleted_at in ("2099-01-01T00:00:00.000Z", record("now", hours_ago=0)["updated_at"]):
        gone = api.records["sessions"].pop() | {"deleted_at": deleted_at}
        api.deleted.append(gone)
        assert await follower.run() == {("deleted", gone["id"])}
    follower.progress["sessions"]["deletions"] = 4_000_000_000_000
    gone = api.records["sessions"].pop() | {"deleted_at": record("now", hours_ago=0)["updated_at"]}
    api.deleted.append(gone)
    assert await follower.run() == {("deleted", gone["id"])}


async def test_a_filter_by_time_of_the_caller_holds_in_every_run(api: RecordsAPI, sb: AsyncSession) -> None:
    since = record("since", hours_ago=2)["updated_at"]
    follower = Follower(sb, "contacts", filters={"contacts": {"updated_after": since}})
    assert await follower.run() == set()
    api.records["contacts"][3]["updated_at"] = record("new", hours_ago=1.99)["updated_at"]
    assert await follower.run() == {("upsert", "c3")}
    # Within the overlap, but before the filter.
    api.records["contacts"][4]["updated_at"] = record("new", hours_ago=2.01)["updated_at"]
    assert await follower.run() == set()


async def test_ids_without_times_repeat_nothing_in_the_overlap(api: RecordsAPI, sb: AsyncSession) -> None:
    have: set[str] = set()
    follower = Follower(sb, "contacts", known=lambda _: have)
    have |= {id_ for _, id_ in await follower.run()}
    assert len(have) == 200
    assert "ids" not in follower.progress["contacts"]
    assert await follower.run() == set()
    api.records["contacts"][3] |= {"name": "Renamed", "updated_at": record("now", hours_ago=0)["updated_at"]}
    assert await follower.run() == {("upsert", "c3")}
    assert await follower.run() == set()


async def test_ids_without_times_find_new_and_removed_records(api: RecordsAPI, sb: AsyncSession) -> None:
    have: set[str] = set()
    # The checkpoint does not hold its time.
    api.records["contacts"].insert(0, record("old", hours_ago=200))
    follower = Follower(sb, "contacts", known=lambda _: have)
    have |= {id_ for _, id_ in await follower.run()}
    assert await follower.compare() == set()
    gone = api.records["contacts"].pop()["id"]
    api.records["contacts"].append(record("late", hours_ago=90))
    assert await follower.compare() == {("upsert", "late"), ("deleted", gone)}


async def test_ids_with_times_find_missed_changes(api: RecordsAPI, sb: AsyncSession) -> None:
    api.records["contacts"].append(record("new", hours_ago=1))

    def known(_: str) -> dict[str, str | None]:
        return {one["id"]: one["updated_at"] for one in api.records["contacts"]}

    have = known("contacts")
    follower = Follower(sb, "contacts", known=lambda _: have)
    await follower.run()
    assert follower.progress["contacts"].keys() <= {
        "watermark", "swept", "swept_locally", "deletions"
    }  # fmt: skip
    # It appears late, long after its own time.
    api.records["contacts"][3] |= {"updated_at": record("late", hours_ago=50)["updated_at"]}
    assert await follower.run() == set()
    assert await follower.compare() == {("upsert", "c3")}
    have = known("contacts")
    assert await follower.compare() == set()


@pytest.mark.parametrize("waits", [False, True])
async def test_a_checkpoint_stays_small_if_the_destination_has_the_ids(
    api: RecordsAPI, sb: AsyncSession, waits: bool
) -> None:
    api.records["contacts"] = [record(f"contact-{number}") for number in range(1200)]
    have: dict[str, str | None] = {}

    async def read(_: str) -> dict[str, str | None]:
        await asyncio.sleep(0)
        return have

    known = read if waits else lambda _: have
    checkpoint: Checkpoint | None = None
    expected = {"upsert": 1200, "deleted": 1}
    for kind, count in expected.items():
        feed = changes(
            sb, 1, resources=["contacts"], resume=checkpoint, known=known, sweep_every=timedelta()
        ).raw()
        found = 0
        async for batch in feed.batches():
            for change in batch.changes:
                assert change.kind == kind
                found += 1
                if change.record is None:
                    del have[change.id]
                else:
                    have[change.id] = change.record["updated_at"]
            checkpoint = batch.checkpoint
        assert found == count
        assert len(have) in {1199, 1200}
        assert checkpoint is not None
        assert len(checkpoint.to_json()) < 1000
        api.records["contacts"].pop()
    kept = changes(sb, 1, resources=["contacts"])
    assert len([change async for change in kept]) == 1198
    assert len(kept.checkpoint().to_json()) > 20_000
    with pytest.raises(ValueError, match="pass known again"):
        changes(sb, 1, resources=["contacts"], resume=checkpoint)


async def test_after_an_error_of_the_destination_the_feed_continues(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    failures = [ConnectionError("no database"), None]

    async def known(_: str) -> list[str]:
        if error := failures.pop(0):
            raise error
        return ["r0", "gone"]

    feed = changes(sb, 1, resources=["rooms"], known=known, sweep_every=timedelta())
    with pytest.raises(ConnectionError, match="no database"):
        await anext(feed)
    reported = {(change.kind, change.id) async for change in feed}
    assert reported == {("deleted", "gone"), *(("upsert", f"r{number}") for number in range(5))}
    assert not failures
