"""An API that lacks or refuses something: the feed reads the rest another way, or says what it could not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sessionboard_async import (
    APIError,
    AsyncSession,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableError,
)
from tests.change_feed.following import Follower, record
from tests.support.http_server import IMPATIENT, TOKEN
from tests.support.records_api import Answer, Record, RecordsAPI

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

REFUSED = {"error": "SomeError", "message": "not here"}
PAGE = "<html>Attention required!</html>"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [entry.getMessage() for entry in caplog.records if entry.levelname == "WARNING"]


def refuse(api: RecordsAPI, *paths: str, status: int, body: object = REFUSED, method: str = "POST") -> None:
    def override(given_method: str, path: str, _: Record) -> Answer | None:
        return (status, body) if path in paths and given_method == method else None

    api.override = override


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422, 501])
async def test_without_reports_of_deletions_all_ids_are_compared(
    api: RecordsAPI, sb: AsyncSession, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    refuse(api, "sessions/status", status=status)
    follower = Follower(sb, "sessions")
    await follower.run()
    caplog.clear()
    del api.records["sessions"][2]
    assert await follower.run() == {("deleted", "s2")}
    assert follower.feed.refused == {}
    (warning,) = warnings(caplog)
    assert warning.startswith(f"sessions: the API refuses to report deletions ({status})")


@pytest.mark.parametrize("status", [400, 422])
async def test_without_a_filter_by_time_everything_is_compared(
    api: RecordsAPI, sb: AsyncSession, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    def override(_: str, path: str, body: Record) -> Answer | None:
        refused = path == "rooms" and "updatedAt" in body.get("filters", {})
        return (status, {"error": "this resource does not track update timestamps"}) if refused else None

    api.override = override
    follower = Follower(sb, "rooms", "contacts")
    assert len(await follower.run()) == 205
    assert warnings(caplog) == []
    api.records["rooms"][1] |= {"name": "Renamed", "updated_at": now()}
    api.records["rooms"].append(record("r9"))
    del api.records["rooms"][0]
    api.records["contacts"][1] |= {"name": "Renamed", "updated_at": now()}
    expected = {("upsert", "r1"), ("upsert", "r9"), ("deleted", "r0"), ("upsert", "c1")}
    assert await follower.run() == expected
    (warning,) = warnings(caplog)
    assert warning.startswith(f"rooms: the API refuses to search by time ({status})")


async def test_a_first_run_without_any_filter_or_order_by_time_reads_by_page_numbers(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    def override(_: str, path: str, body: Record) -> Answer | None:
        return (400, REFUSED) if path == "contacts" and ("sort" in body or body.get("filters")) else None

    api.override = override
    follower = Follower(sb, "contacts")
    assert len(await follower.run()) == 200
    api.records["contacts"][7] |= {"name": "Renamed", "updated_at": now()}
    del api.records["contacts"][0]
    assert await follower.run() == {("upsert", "c7"), ("deleted", "c0")}


async def test_a_search_that_is_refused_with_and_without_a_time_is_an_error(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    refuse(api, "rooms", status=422)
    with pytest.raises(UnprocessableError):
        await Follower(sb, "rooms", "contacts").run()


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_refused_resources_are_named_in_one_line(
    api: RecordsAPI, sb: AsyncSession, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    refuse(api, "rooms", "sessions", status=status)
    follower = Follower(sb, "sessions", "contacts", "rooms")
    assert len(await follower.run()) == 200
    assert {name: error.status for name, error in follower.feed.refused.items()} == {
        "sessions": status,
        "rooms": status,
    }
    (warning,) = warnings(caplog)
    assert "sessions, rooms" in warning
    caplog.clear()
    await follower.run(allow_refused=True)
    assert warnings(caplog) == []


async def test_if_everything_is_refused_the_run_is_an_error(api: RecordsAPI, sb: AsyncSession) -> None:
    refuse(api, "rooms", "sessions", status=405)
    with pytest.raises(APIError) as caught:
        await Follower(sb, "rooms", "sessions").run()
    assert caught.value.status == 405


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, PermissionDeniedError), (404, NotFoundError), (405, APIError), (501, APIError)],
)
@pytest.mark.parametrize("path", ["rooms", "sessions/status"])
async def test_the_page_of_a_firewall_is_an_error_and_no_refusal(
    api: RecordsAPI, sb: AsyncSession, status: int, error: type[APIError], path: str
) -> None:
    follower = Follower(sb, "sessions", "rooms")
    await follower.run()
    refuse(api, path, status=status, body=PAGE)
    with pytest.raises(error) as caught:
        await follower.run()
    assert not caught.value.from_api


@pytest.mark.parametrize("body", [{"results": None}, {"data": None}, {"results": None, "pagination": None}])
async def test_null_is_no_empty_list(api: RecordsAPI, sb: AsyncSession, body: object) -> None:
    follower = Follower(sb, "contacts", "statuses")
    await follower.run()
    api.override = lambda *_: (200, body)
    with pytest.raises(DecodeError):
        await follower.compare()
    api.override = lambda *_: None
    assert await follower.compare() == set()


# Statuses


async def test_statuses_are_read_by_list_and_search(api: RecordsAPI, sb: AsyncSession) -> None:
    custom = [{"id": "t1", "name": "Status 1"}, {"id": "custom", "name": "Waiting"}]

    def override(method: str, path: str, _: Record) -> Answer | None:
        return (200, custom) if method == "POST" and path == "session-statuses" else None

    api.override = override
    follower = Follower(sb, "statuses")
    assert {id_ for _, id_ in await follower.run()} == {"t0", "t1", "t2", "t3", "t4", "custom"}
    assert await follower.run() == set()
    custom[1]["name"] = "On hold"
    assert await follower.run() == {("upsert", "custom")}
    custom.pop()
    assert await follower.run() == {("deleted", "custom")}


@pytest.mark.parametrize(("method", "path"), [("GET", "statuses"), ("POST", "session-statuses")])
async def test_a_refused_half_of_the_statuses_removes_nothing(
    api: RecordsAPI, sb: AsyncSession, caplog: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    follower = Follower(sb, "statuses")
    await follower.run()
    refuse(api, path, status=405, method=method)
    del api.records["statuses"][0]
    api.records["statuses"][0] |= {"name": "Renamed"}
    assert await follower.run() == {("upsert", "t1")}
    (warning,) = warnings(caplog)
    assert "statuses: a part of them was not read, so that removals are not reported" in warning
    assert "405" in warning
    api.override = lambda *_: None
    assert await follower.run() == {("deleted", "t0")}


async def test_a_comparison_finds_every_change_but_those_that_keep_their_time(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    follower = Follower(sb, "rooms")
    await follower.run()
    api.records["rooms"][1] |= record("r1", hours_ago=200, name="Renamed")
    api.records["rooms"][2] |= {"name": "Renamed", "updated_at": None}
    api.records["rooms"][3] |= {"name": "Renamed"}
    assert await follower.run() == set()
    assert await follower.compare() == {("upsert", "r1"), ("upsert", "r2")}
    api.records["rooms"][2] |= {"name": "Renamed again"}
    assert await follower.compare() == {("upsert", "r2")}


# Missing records


async def test_many_missing_records_are_confirmed_by_a_search(api: RecordsAPI, sb: AsyncSession) -> None:
    follower = Follower(sb, "contacts")
    await follower.run()
    gone = {("deleted", contact["id"]) for contact in api.records["contacts"][:150]}
    del api.records["contacts"][:150]
    api.requests.clear()
    assert await follower.compare() == gone
    assert sum(request.startswith("GET") for request in api.requests) <= 10


async def test_many_missing_sessions_are_confirmed_by_their_statuses(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    api.records["sessions"] = [record(f"s{number}") for number in range(60)]
    follower = Follower(sb, "sessions")
    await follower.run()
    # They went into compositions, except for the last ones, whose deletion came with an old time.
    statuses, gone = api.records["sessions"][:45], api.records["sessions"][30:45]
    del api.records["sessions"][:45]
    for session in gone:
        session["deleted_at"] = "2020-01-01T00:00:00.000Z"

    def override(method: str, path: str, body: Record) -> Answer | None:
        if method == "POST" and path == "sessions/status" and "deletedAt" not in body.get("filters", {}):
            return 200, {"results": statuses, "pagination": {"totalResults": 45, "totalPages": 1}}
        sources = [one for one in statuses if method == "GET" and path == f"sessions/{one['id']}"]
        return (200, sources[0]) if sources else None

    api.override = override
    assert await follower.compare() == {("deleted", session["id"]) for session in gone}


async def test_a_search_that_misses_existing_records_removes_nothing(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    follower = Follower(sb, "contacts")
    await follower.run()
    nothing = {"results": [], "pagination": {"totalResults": 0, "totalPages": 0}}
    api.override = lambda method, *_: (200, nothing) if method == "POST" else None
    assert await follower.compare() == set()
    api.override = lambda *_: None
    assert await follower.compare() == set()


async def test_a_search_that_is_wrong_about_a_record_is_not_believed_about_others(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    follower = Follower(sb, "contacts")
    await follower.run()
    found = api.records["contacts"][150:]
    del api.records["contacts"][0]

    def override(method: str, *_: object) -> Answer | None:
        pagination = {"currentPage": 1, "totalResults": 50, "totalPages": 1}
        return (200, {"results": found, "pagination": pagination}) if method == "POST" else None

    api.override = override
    assert await follower.compare() == {("deleted", "c0")}
    assert len(follower.progress["contacts"]["missing"]) == 149


async def test_what_a_wrong_search_does_not_find_is_never_called_deleted(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    follower = Follower(sb, "contacts")
    await follower.run()
    found = api.records["contacts"][20:]
    page = {"results": found, "pagination": {"currentPage": 1, "totalResults": 180, "totalPages": 1}}
    api.override = lambda method, *_: (200, page) if method == "POST" else None
    assert await follower.compare() == set()
    missing = follower.progress["contacts"]["missing"]
    for id_ in missing:
        missing[id_] -= 600_000
    # All of them can still be retrieved.
    assert await follower.compare() == {("left_scope", f"c{number}") for number in range(20)}


async def test_a_list_that_reports_more_than_it_returns_proves_no_deletion(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    follower = Follower(sb, "statuses")
    await follower.run()
    pagination = {"currentPage": 1, "pageSize": 100, "totalPages": 1, "totalResults": 5}
    page = {"results": api.records["statuses"][:2], "pagination": pagination}
    api.override = lambda *_: (200, page)
    assert await follower.run() == set()
    assert set(follower.progress["statuses"]["missing"]) == {"t2", "t3", "t4"}
    api.override = lambda *_: None
    assert await follower.run() == set()


@pytest.mark.parametrize("resource", ["contacts", "sessions"])
async def test_a_search_that_reports_more_than_it_returns_proves_no_deletion(resource: str) -> None:
    class Counting(RecordsAPI):
        """Counts ten records more than it returns."""

        def _search(self, records: list[Record], query: str, body: Record) -> Answer:
            status, page = super()._search(records, query, body)
            assert isinstance(page, dict)
            if "filters" not in body and len(records) < 60:
                page["pagination"]["totalResults"] += 10
            return status, page

    records = [record(f"x{number}") for number in range(60)]
    async with (
        Counting(**{"sessions": [], resource: records}).running() as api,
        AsyncSession(TOKEN, base_url=api.base_url, retry=IMPATIENT) as sb,
    ):
        follower = Follower(sb, resource)
        await follower.run()
        # The first ten are looked up, and are deleted; the token may not see the others any more.
        deleted, hidden = sorted(item["id"] for item in records)[:10], "x59"
        api.records[resource] = [item for item in records if item["id"] not in {*deleted, hidden}]
        assert await follower.compare() == {("deleted", id_) for id_ in deleted}
        assert set(follower.progress[resource]["missing"]) == {hidden}


@pytest.mark.parametrize("status", [403, 404, 501])
async def test_the_page_of_a_firewall_in_place_of_a_record_is_an_error(
    api: RecordsAPI, sb: AsyncSession, status: int
) -> None:
    follower = Follower(sb, "contacts")
    await follower.run()
    gone = api.records["contacts"].pop(0)
    api.override = lambda method, *_: (status, PAGE) if method == "GET" else None
    with pytest.raises(APIError, match="not from the API" if status != 501 else "501"):
        await follower.compare()
    assert "missing" not in follower.feed.checkpoint().progress["resources"]["contacts"]
    api.override = lambda *_: None
    assert await follower.compare() == {("deleted", gone["id"])}


@pytest.mark.parametrize("answer", [(405, REFUSED), (403, REFUSED), (501, REFUSED)])
async def test_records_that_cannot_be_looked_up_are_not_removed_at_once(
    api: RecordsAPI, sb: AsyncSession, answer: Answer
) -> None:
    follower = Follower(sb, "contacts", "rooms")
    await follower.run()
    api.override = lambda method, *_: answer if method == "GET" else None
    del api.records["contacts"][:3], api.records["rooms"][0]
    assert await follower.compare() == set()
    api.override = lambda *_: None
    # They are looked up again without a comparison being due, as soon as no cached answer can be as old.
    for resource in follower.progress.values():
        assert resource["missing"]


async def test_a_session_that_is_returned_with_its_time_of_deletion_is_deleted(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    refuse(api, "sessions/status", status=404)
    follower = Follower(sb, "sessions")
    await follower.run()
    session = api.records["sessions"].pop(0) | {"deleted_at": now()}
    before = api.override

    def override(method: str, path: str, body: Record) -> Answer | None:
        return (200, session) if path == "sessions/s0" else before(method, path, body)

    api.override = override
    assert await follower.run() == {("deleted", "s0")}


async def test_an_id_that_cannot_be_part_of_a_path_ends_no_run(api: RecordsAPI, sb: AsyncSession) -> None:
    api.records["contacts"] = [record(".."), record("c1")]
    follower = Follower(sb, "contacts")
    await follower.run()
    api.records["contacts"].pop(0)
    assert await follower.compare() == set()
    assert follower.progress["contacts"]["missing"]
