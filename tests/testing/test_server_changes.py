"""The embedded server with changing data, simulated time and cached answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import groupby, pairwise
from typing import Any, Literal

import aiohttp
import anyio
import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.testing import Changes, EmbeddedServer, Fault, ServerLimits, SimulatedTime, Times
from sessionboard_async.testing.changes import RESOURCES

pytestmark = pytest.mark.anyio

EVENT = "/v1/event/4630"
SESSIONS = f"{EVENT}/sessions"
OLDEST_FIRST = {"order": "createdAt", "sort": "asc"}

Record = dict[str, Any]


class Api:
    """A bare client of one server."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self.client = client
        self.dates: list[datetime] = []

    async def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        async with self.client.request(method, path, **options) as response:
            assert response.status == status, await response.text()
            self.dates.append(parsedate_to_datetime(response.headers["Date"]))
            return await response.json() if await response.read() else None

    async def search(self, path: str = SESSIONS, *, page: int = 1, size: int = 100, **body: Any) -> Any:
        return await self.ask("POST", path, json=body, params={"page": page, "pageSize": size})

    async def all(self, path: str = SESSIONS, **body: Any) -> list[Record]:
        """Read page after page until the last one that the pagination announces."""
        records: list[Record] = []
        for page in range(1, 1000):
            answer = await self.search(path, page=page, **body)
            records += answer["results"]
            if page >= answer["pagination"]["totalPages"]:
                break
        return records


@asynccontextmanager
async def running(server: EmbeddedServer) -> AsyncIterator[Api]:
    async with (
        server,
        aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client,
    ):
        yield Api(client)


def ids(records: Iterable[Record]) -> list[str]:
    return [record["id"] for record in records]


# Time


async def test_every_answer_has_the_date_of_the_server() -> None:
    time = SimulatedTime(per_request=2.5)
    server = EmbeddedServer(sessions=5, time=time)
    async with running(server) as api:
        await api.search()
        await api.search()
        time.advance(86_400)
        await api.ask("GET", "/")  # no operation, so no time passes
        await api.ask("GET", f"{EVENT}/nothing", status=404)
        await api.ask("GET", f"{SESSIONS}/nothing", status=404)
        start = datetime.fromisoformat("2026-11-02T12:00:00+00:00")
        seconds = [(date - start).total_seconds() for date in api.dates]
    assert seconds == [2, 5, 86_405, 86_405, 86_407]


async def test_time_passes_only_with_requests_that_reach_an_operation() -> None:
    time = SimulatedTime(per_request=1)
    start = time.now()
    server = EmbeddedServer(sessions=5, time=time, faults=[Fault("close_before", on=1)])
    async with running(server) as api:
        with pytest.raises(aiohttp.ClientError):
            await api.search()
        assert time.now() == start
        await api.search()
        assert time.now() == start + 1


async def test_writes_are_dated_by_the_time_of_the_server() -> None:
    time = SimulatedTime()
    async with running(EmbeddedServer(sessions=5, time=time)) as api:
        time.advance(3600)
        made = await api.ask("POST", f"{SESSIONS}/create", json={"title": "New"})
        assert made["created_at"] == made["updated_at"] == "2026-11-02T13:00:00.000Z"
        found = await api.search(filters={"createdAt": {"after": "2026-11-02T12:59:59.999Z"}})
        assert ids(found["results"]) == [made["id"]]


async def test_the_reset_of_a_limit_is_in_the_time_of_the_server() -> None:
    time = SimulatedTime()
    limits = ServerLimits(requests=5, window=60.0, searches=True, headers="epoch")
    server = EmbeddedServer(sessions=5, time=time, limits=limits, clock=lambda: 0.0)
    async with running(server) as api, api.client.post(SESSIONS) as response:
        assert int(response.headers["X-RateLimit-Reset"]) == time.now() + 60


async def test_without_a_time_of_its_own_the_server_has_that_of_the_system() -> None:
    async with running(EmbeddedServer(sessions=5)) as api:
        before = datetime.now().astimezone().replace(microsecond=0)
        await api.search()
        assert before <= api.dates[0] <= datetime.now().astimezone() + timedelta(seconds=1)


# Light sessions


async def test_a_light_session_has_only_what_searches_need() -> None:
    server = EmbeddedServer(sessions=400, light=True, time=SimulatedTime())
    async with running(server) as api:
        found = await api.all()
        returned = ["created_at", "id", "is_abstract", "status", "title", "updated_at"]
        assert {tuple(sorted(record)) for record in found} == {tuple(returned)}
        assert len(set(ids(found))) == 400
        assert {record["status"] for record in found} > {"accepted", "declined"}
        everything = await api.all(f"{EVENT}/sessions/status", expand=["linked_sources"])
        assert {record["id"]: record for record in everything} == {record["id"]: record for record in found}
        assert await api.ask("GET", f"{SESSIONS}/{found[7]['id']}") == found[7]
        await api.ask("DELETE", f"{SESSIONS}/{found[7]['id']}")
        (gone,) = (await api.search(f"{EVENT}/sessions/status", filters={"deletedAt": _all_time()}))[
            "results"
        ]
        assert gone["deleted_at"] == gone["updated_at"] == "2026-11-02T12:00:00.000Z"
        assert {*gone} == {*returned, "deleted_at"}


def _all_time() -> dict[str, str]:
    return {"after": "2000-01-01T00:00:00Z"}


async def test_the_client_reads_light_sessions() -> None:
    server = EmbeddedServer(sessions=30, light=True)
    async with server, AsyncSession(server.token, base_url=server.base_url) as sb:
        found = await sb.sessions.search(server.event_id).collect()
    assert {str(session.id) for session in found} == server.ids("sessions")


@pytest.mark.untraced
async def test_very_many_light_sessions_are_read_from_any_time_on() -> None:
    server = EmbeddedServer(sessions=150_000, events=1, light=True, times=Times(step=1.0))
    async with running(server) as api:
        assert (await api.search(size=1))["pagination"]["totalResults"] == 150_000
        first = datetime.fromisoformat("2025-10-06T08:00:00+00:00")
        for number in (0, 1, 99_950, 149_990, 149_999):
            after = (first + timedelta(seconds=number, milliseconds=-1)).isoformat()
            found = await api.search(filters={"createdAt": {"after": after}}, sort=OLDEST_FIRST, size=20)
            assert found["pagination"]["totalResults"] == 150_000 - number
            timestamps = [datetime.fromisoformat(record["created_at"]) for record in found["results"]]
            assert timestamps == [first + timedelta(seconds=number + step) for step in range(len(timestamps))]


# Dates of sessions


@pytest.mark.parametrize("bounds", ["exclusive", "inclusive"])
@pytest.mark.parametrize("precision", ["milliseconds", "microseconds"])
async def test_bounds_of_times(
    bounds: Literal["exclusive", "inclusive"], precision: Literal["milliseconds", "microseconds"]
) -> None:
    times = Times(ties=4, step=0.000_4, bounds=bounds, precision=precision)
    async with running(EmbeddedServer(sessions=100, light=True, times=times)) as api:
        found = await api.all(sort=OLDEST_FIRST)
        timestamps = [record["created_at"] for record in found]
        assert {len(timestamp) for timestamp in timestamps} == {27 if precision == "microseconds" else 24}
        assert timestamps == sorted(timestamps)
        assert [len(list(group)) for _, group in groupby(timestamps)][:2] == (
            [4, 4] if precision == "microseconds" else [12, 8]
        )
        bound = timestamps[40]
        ties = [record["id"] for record in found if record["created_at"] == bound]
        later = [record["id"] for record in found if record["created_at"] > bound]
        earlier = [record["id"] for record in found if record["created_at"] < bound]
        after = await api.all(filters={"createdAt": {"after": bound}}, sort=OLDEST_FIRST)
        before = await api.all(filters={"createdAt": {"before": bound}}, sort=OLDEST_FIRST)
    if bounds == "inclusive":
        assert (ids(before), ids(after)) == (earlier + ties, ties + later)
    else:
        assert (ids(before), ids(after)) == (earlier, later)


async def test_page_numbers_miss_sessions_with_equal_timestamps_in_random_order() -> None:
    for tie_order, is_lost in (("stable", False), ("random", True)):
        times = Times(ties=300, tie_order=tie_order)  # type: ignore[arg-type]  # one of both words
        server = EmbeddedServer(sessions=900, light=True, times=times)
        async with running(server) as api:
            found = ids(await api.all(sort=OLDEST_FIRST))
            assert len(found) == 900
            assert (set(found) < server.ids("sessions")) is is_lost
            one, other = [ids((await api.search())["results"]) for _ in range(2)]
            assert (one != other) is is_lost


async def test_contacts_with_equal_timestamps_come_in_random_order_too() -> None:
    server = EmbeddedServer(sessions=60, times=Times(tie_order="random"))
    async with running(server) as api:
        answers = [await api.search(f"{EVENT}/contacts") for _ in range(2)]
    one, other = (answer["results"] for answer in answers)
    assert ids(one) != ids(other)
    assert sorted(ids(one)) == sorted(ids(other))
    assert all(left["created_at"] >= right["created_at"] for left, right in pairwise(one))


# Cached answers


async def test_the_same_question_has_the_same_answer_for_a_while() -> None:
    time = SimulatedTime()
    async with running(EmbeddedServer(sessions=5, light=True, time=time, cached=180)) as api:
        old = await api.search()
        chosen = old["results"][2]
        path = f"{SESSIONS}/{chosen['id']}"
        assert await api.ask("GET", path) == chosen
        time.advance(1)
        await api.ask("PUT", f"{SESSIONS}/{chosen['id']}", json={"title": "Renamed"})
        time.advance(178)
        assert await api.search() == old
        assert await api.ask("GET", path) == chosen
        assert "Renamed" in [record["title"] for record in (await api.search(size=99))["results"]]
        assert "Renamed" in [record["title"] for record in await api.all(f"{EVENT}/sessions/status")]
        time.advance(2)
        assert (await api.search())["results"][2]["title"] == "Renamed"
        assert (await api.ask("GET", path))["title"] == "Renamed"


async def test_without_a_cache_every_answer_is_fresh() -> None:
    async with running(EmbeddedServer(sessions=5, light=True)) as api:
        chosen = (await api.search())["results"][2]
        await api.ask("PUT", f"{SESSIONS}/{chosen['id']}", json={"title": "Renamed"})
        assert (await api.search())["results"][2]["title"] == "Renamed"


def test_an_invalid_cache_lifetime_is_refused() -> None:
    with pytest.raises(ValueError, match="cached must be a number of seconds"):
        EmbeddedServer(cached=-1)


# Changing data


def _storm(seed: int = 1, **options: Any) -> EmbeddedServer:
    changes = Changes(inserts=4, updates=4, deletes=4, restores=1, flips=2, seed=seed)
    defaults: Record = {"sessions": 600, "light": True, "time": SimulatedTime(per_request=0.2)}
    return EmbeddedServer(changes=changes, **(defaults | options))


async def test_a_change_is_visible_in_the_next_answer() -> None:
    """Despite the same request a moment ago."""
    server = _storm()
    async with running(server) as api:
        totals: list[int] = []
        for _ in range(50):
            totals.append((await api.search(size=1))["pagination"]["totalResults"])
            assert totals[-1] == len(server.ids("sessions"))
    assert len(set(totals)) > 5


async def test_ids_are_those_of_a_search_if_nothing_changes_meanwhile() -> None:
    time = SimulatedTime()
    server = _storm(time=time, light=False, sessions=60)
    async with running(server) as api:
        for _ in range(3):
            time.advance(2)
            found = await api.all()
            assert server.ids("sessions") == {*ids(found)}
            assert server.record_versions("sessions") == {r["id"]: r["updated_at"] for r in found}
            accepted = await api.all(filters={"status": "accepted"})
            assert [r for r in found if r["status"] == "accepted"] == accepted


@pytest.mark.parametrize("resource", [name for name in ("speakers", *RESOURCES) if name != "statuses"])
async def test_ids_of_other_resources(resource: str) -> None:
    time = SimulatedTime()
    resources = ("contacts",) if resource == "speakers" else (resource,)
    changes = Changes(inserts=1, updates=1, deletes=2, restores=1, resources=resources)
    server = EmbeddedServer(sessions=30, contacts=20, speakers=15, time=time, changes=changes)
    async with running(server) as api:
        before = server.ids(resource)
        time.advance(10)
        assert server.ids(resource) != before
        found = await api.all(f"{EVENT}/{resource}")
        assert server.ids(resource) == {*ids(found)}
        assert server.record_versions(resource) == {r["id"]: r["updated_at"] for r in found}


async def test_statuses_have_no_updated_at() -> None:
    server = EmbeddedServer(sessions=5)
    assert len(server.ids("statuses")) == 8
    assert server.record_versions("statuses") == {}


async def test_events_other_than_the_first_do_not_change() -> None:
    time = SimulatedTime()
    server = _storm(time=time)
    second = server.event_ids[1]
    before = server.record_versions("sessions", second)
    time.advance(60)
    assert server.record_versions("sessions", second) == before
    assert server.ids("sessions", second) == before.keys()
    with pytest.raises(ValueError, match="event_id must be one of"):
        server.ids("sessions", 1)
    with pytest.raises(ValueError, match="resource must be one of"):
        server.ids("talks")


async def test_the_same_seed_times_and_requests_give_the_same_data() -> None:
    walks: list[list[Record]] = []
    for seed in (1, 1, 2):
        async with running(_storm(seed)) as api:
            walks.append(await api.all(sort=OLDEST_FIRST))
    assert walks[0] == walks[1] != walks[2]


async def test_page_numbers_miss_sessions_while_others_are_deleted() -> None:
    server = EmbeddedServer(
        sessions=3000,
        light=True,
        time=SimulatedTime(per_request=0.2),
        changes=Changes(deletes=20),
    )
    async with running(server) as api:
        before = server.ids("sessions")
        found = {*ids(await api.all(sort=OLDEST_FIRST))}
        throughout = before & server.ids("sessions")
    assert len(throughout - found) > 10


async def test_requests_write_while_data_change() -> None:
    async with running(_storm(light=False, sessions=40)) as api:
        for number in range(10):
            made = await api.ask("POST", f"{SESSIONS}/create", json={"title": f"New {number}"})
            kept = await api.search(f"{EVENT}/sessions/status", size=1)
            assert kept["results"][0]["created_at"] >= made["created_at"]


def test_ids_can_be_read_from_other_threads() -> None:
    async def read(server: EmbeddedServer) -> None:
        async with AsyncSession(server.token, base_url=server.base_url) as sb:
            for _ in range(5):
                await sb.sessions.search(server.event_id).collect()

    with _storm().in_thread() as server:
        before = server.ids("sessions")
        anyio.run(read, server)
        assert server.ids("sessions") != before
