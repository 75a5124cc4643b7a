"""Cursors: stored between runs, and checked before anything is sent."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.change_feed import changes
from tests.change_feed.following import Follower, record
from tests.support.records_api import RecordsAPI

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]


async def test_the_order_of_filters_and_expansions_does_not_matter(api: RecordsAPI, sb: AsyncSession) -> None:
    filters = {"contacts": {"created_after": "2000-01-01T00:00:00Z", "status": "accepted"}, "rooms": {}}
    feed = changes(sb, 1, filters=filters, expand=["composition", "translated_fields"])
    other = {"rooms": {}, "contacts": dict(reversed(filters["contacts"].items()))}
    changes(sb, 1, cursor=feed.cursor, filters=other, expand=["translated_fields", "composition"])
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
    stored = json.dumps(follower.cursor)
    assert "undated" not in stored
    assert "t4" not in stored
    api.records["rooms"].append(room)
    api.records["statuses"].append(status)
    assert await follower.compare() == {("upsert", "undated"), ("upsert", "t4")}


def cut(*path: str, to: object) -> Callable[[Any], Any]:
    """Return a function that damages a cursor at a path."""

    def damage(cursor: Any) -> Any:
        target = cursor
        for name in path[:-1]:
            target = target[name]
        target[path[-1]] = to
        return cursor

    return damage


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"query": value}
    return value


CONTACTS = ("resources", "contacts")

DAMAGES: dict[str, Callable[[Any], Any]] = {
    "a list": lambda cursor: [cursor],
    "text": lambda cursor: str(cursor),
    "a number": lambda _: 7,
    "without a version": lambda cursor: {"event_id": cursor["event_id"]},
    "version as text": cut("version", to="1"),
    "resources as a list": cut("resources", to=[]),
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
async def test_a_damaged_cursor_is_an_error_before_any_request(
    api: RecordsAPI, sb: AsyncSession, damage: str
) -> None:
    feed = changes(sb, 1, resources=["contacts"])
    await anext(feed)
    cursor = DAMAGES[damage](copy.deepcopy(feed.cursor))
    await feed.aclose()
    api.requests.clear()
    with pytest.raises(ValueError, match=r"the cursor is invalid .*pass the cursor of an earlier run"):
        changes(sb, 1, resources=["contacts"], cursor=cursor)
    assert not api.requests


async def test_a_cursor_of_another_version_is_refused(api: RecordsAPI, sb: AsyncSession) -> None:
    cursor = {**changes(sb, 1, resources=["contacts"]).cursor, "version": 2}
    with pytest.raises(ValueError, match="has version 2, and this package reads version 1"):
        changes(sb, 1, resources=["contacts"], cursor=cursor)
    assert not api.requests


async def test_a_watermark_in_the_future_hides_no_change(api: RecordsAPI, sb: AsyncSession) -> None:
    follower = Follower(sb, "contacts", "rooms")
    await follower.run()
    for resource in follower.cursor["resources"].values():
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
    follower.cursor["resources"]["sessions"]["deletions"] = 4_000_000_000_000
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
    assert "ids" not in follower.cursor["resources"]["contacts"]
    assert await follower.run() == set()
    api.records["contacts"][3] |= {"name": "Renamed", "updated_at": record("now", hours_ago=0)["updated_at"]}
    assert await follower.run() == {("upsert", "c3")}
    assert await follower.run() == set()


async def test_ids_with_times_find_missed_changes(api: RecordsAPI, sb: AsyncSession) -> None:
    api.records["contacts"].append(record("new", hours_ago=1))

    def known(_: str) -> dict[str, str | None]:
        return {one["id"]: one["updated_at"] for one in api.records["contacts"]}

    have = known("contacts")
    follower = Follower(sb, "contacts", known=lambda _: have)
    await follower.run()
    assert follower.cursor["resources"]["contacts"].keys() <= {
        "watermark", "swept", "swept_locally", "deletions"
    }  # fmt: skip
    # It appears late, long after its own time.
    api.records["contacts"][3] |= {"updated_at": record("late", hours_ago=50)["updated_at"]}
    assert await follower.run() == set()
    assert await follower.compare() == {("upsert", "c3")}
    have = known("contacts")
    assert await follower.compare() == set()
