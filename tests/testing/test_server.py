"""The contract of the API on the embedded server, over sockets with bare aiohttp."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sessionboard_async.testing import EmbeddedServer

pytestmark = pytest.mark.anyio

EVENT = "/v1/event/4630"


class Api:
    """A bare client of one server."""

    def __init__(self, server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
        self.server = server
        self.client = client

    async def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        async with self.client.request(method, path, **options) as response:
            assert response.status == status, await response.text()
            assert response.content_type == "application/json"
            return await response.json()

    async def get(self, path: str, status: int = 200, **options: Any) -> Any:
        return await self.ask("GET", path, status, **options)

    async def search(self, path: str, body: object = None, status: int = 200, **options: Any) -> Any:
        return await self.ask("POST", path, status, json={} if body is None else body, **options)

    async def all(self, path: str, body: object = None) -> list[dict[str, Any]]:
        """Return the records of every page, and check their number against the total."""
        records: list[dict[str, Any]] = []
        for page in range(1, 1000):
            answer = await self.search(path, body, params={"page": page, "pageSize": 100})
            records += answer["results"]
            if page >= answer["pagination"]["totalPages"]:
                assert len(records) == answer["pagination"]["totalResults"]
                break
        return records


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with (
        EmbeddedServer() as server,
        aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client,
    ):
        yield Api(server, client)


async def test_events(api: Api) -> None:
    answer = await api.get("/v1/events", params={"pageSize": 1})
    assert answer["pagination"] == {"currentPage": 1, "pageSize": 1, "totalPages": 2, "totalResults": 2}
    (event,) = answer["results"]
    assert event == {
        "id": 4630,
        "name": "Open Shelves Conference 2026",
        "timezone": "America/Chicago",
        "features": {"translated_fields": True},
    }
    (other,) = (await api.get("/v1/events", params={"pageSize": 1, "page": 2}))["results"]
    assert other["id"] == api.server.event_ids[1]
    assert (await api.get("/v1/events", params={"page": 3}))["results"] == []


async def test_a_session_search_has_pages_newest_first(api: Api) -> None:
    async with api.client.post(f"{EVENT}/sessions") as response:
        answer = await response.json()
    assert answer["pagination"] == {"currentPage": 1, "pageSize": 25, "totalPages": 5, "totalResults": 120}
    assert len(answer["results"]) == 25
    assert (await api.search(f"{EVENT}/sessions", params={"page": 6}))["results"] == []
    found = await api.all(f"{EVENT}/sessions")
    assert len({record["id"] for record in found}) == len(found) == 120
    created = [record["created_at"] for record in found]
    assert created == sorted(created, reverse=True)
    assert all(timestamp.endswith("Z") for timestamp in created)


async def test_session_filters(api: Api) -> None:
    found = await api.all(f"{EVENT}/sessions")
    bound = found[40]["updated_at"]

    async def ids(filters: object) -> set[str]:
        return {record["id"] for record in await api.all(f"{EVENT}/sessions", {"filters": filters})}

    assert await ids({"status": "pending"}) == {r["id"] for r in found if r["status"] == "pending"} != set()
    assert await ids({"isAbstract": True}) == {r["id"] for r in found if r["is_abstract"]} != set()
    assert await ids({"updatedAt": {"after": bound}}) == {r["id"] for r in found if r["updated_at"] > bound}
    assert await ids({"updatedAt": {"before": bound}}) == {r["id"] for r in found if r["updated_at"] < bound}
    assert await ids({"createdAt": {"after": "2100-01-01T00:00:00Z"}}) == set()
    nothing = await api.search(
        f"{EVENT}/sessions", {"filters": {"createdAt": {"after": "2100-01-01T00:00:00Z"}}}
    )
    assert nothing["pagination"]["totalResults"] == nothing["pagination"]["totalPages"] == 0


@pytest.mark.parametrize(("field", "key"), [("createdAt", "created_at"), ("updatedAt", "updated_at")])
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_session_sort(api: Api, field: str, key: str, direction: str) -> None:
    found = await api.all(f"{EVENT}/sessions", {"sort": {"order": field, "sort": direction}})
    times = [record[key] for record in found]
    assert times == sorted(times, reverse=direction == "desc")


async def test_unassigned_metadata_is_an_empty_object_or_null(api: Api) -> None:
    searched = {record["id"]: record for record in await api.all(f"{EVENT}/sessions")}
    listed = (await api.get(f"{EVENT}/sessions", params={"page_size": 100}))["data"]
    unassigned = 0
    for record in listed:
        for name in ("track", "room", "level", "format", "language"):
            if record[name] is None:
                unassigned += 1
                assert searched[record["id"]][name] == {}
            else:
                assert record[name]["id"]
                assert searched[record["id"]][name] == record[name]
    assert unassigned
    without_track = next(record["id"] for record in listed if record["track"] is None)
    assert (await api.get(f"{EVENT}/sessions/{without_track}"))["track"] == {}


async def test_the_session_list_has_its_own_envelope_and_filters(api: Api) -> None:
    answer = await api.get(f"{EVENT}/sessions", params={"page": 2, "page_size": 50})
    assert answer["pagination"] == {
        "current_page": 2,
        "page_size": 50,
        "total_pages": 3,
        "total_results": 120,
    }
    found = await api.all(f"{EVENT}/sessions")

    async def ids(**params: str) -> set[str]:
        data = (await api.get(f"{EVENT}/sessions", params={"page_size": "100", **params}))["data"]
        return {record["id"] for record in data}

    track, tag = found[0]["track"]["id"], next(r["tags"][0]["id"] for r in found if r["tags"])
    assert await ids(status="declined") == {r["id"] for r in found if r["status"] == "declined"}
    assert await ids(is_abstract="true") == {r["id"] for r in found if r["is_abstract"]}
    assert await ids(track_id=track) == {r["id"] for r in found if r["track"].get("id") == track}
    assert await ids(tag_id=tag) == {r["id"] for r in found if tag in [t["id"] for t in r["tags"]]}
    assert await ids(search="MAPS") == {r["id"] for r in found if "maps" in r["title"].casefold()} != set()


async def test_composition_sources_are_hidden_by_default(api: Api) -> None:
    plain = await api.all(f"{EVENT}/sessions")
    linked = await api.all(f"{EVENT}/sessions", {"expand": ["linked_sources"]})
    hidden = {record["id"] for record in linked} - {record["id"] for record in plain}
    assert hidden
    assert {r["id"] for r in linked if r["composition_status"]["role"] == "source"} == hidden
    listed = await api.get(f"{EVENT}/sessions", params={"expand": "linked_sources"})
    assert listed["pagination"]["total_results"] == len(linked)


async def test_expansions_come_in_the_query_of_a_get(api: Api) -> None:
    target = next(r for r in await api.all(f"{EVENT}/sessions") if r["composition_status"]["source_count"])
    path = f"{EVENT}/sessions/{target['id']}"
    assert await api.get(path) == target
    assert "composition" not in target
    for params in (
        {"expand": "composition,translated_fields"},
        [("expand", "composition"), ("expand", "translated_fields")],
    ):
        expanded = await api.get(path, params=params)
        assert len(expanded["composition"]["sources"]) == target["composition_status"]["source_count"]
        assert {item["translated_language"] for item in expanded["translated_fields"]} == {"fr", "de"}
        assert all("translated_fields" in person for person in expanded["participants"])


async def test_only_some_events_have_translations(api: Api) -> None:
    other = api.server.event_ids[1]
    for family in ("sessions", "speakers", "contacts", "sponsors", "exhibitors"):
        body = {"expand": ["translated_fields"]}
        assert all("translated_fields" in record for record in await api.all(f"{EVENT}/{family}", body))
        assert not any(
            "translated_fields" in record for record in await api.all(f"/v1/event/{other}/{family}", body)
        )


async def test_a_subsession_is_read_in_full(api: Api) -> None:
    parent = next(r for r in await api.all(f"{EVENT}/sessions") if r["subsessions"])
    part = parent["subsessions"][0]
    full = await api.get(f"{EVENT}/sessions/{part['id']}")
    assert full["parent_session_friendly_id"] == parent["friendly_id"]
    assert full["parent_session_friendly_id_raw"] == parent["friendly_id_raw"]
    assert "subsessions" not in full
    assert full["room"] == parent["room"]
    assert part.items() <= full.items()


async def test_session_statuses_report_deletions(api: Api) -> None:
    plain = {record["id"] for record in await api.all(f"{EVENT}/sessions")}
    statuses = await api.all(f"{EVENT}/sessions/status")
    deleted = {record["id"] for record in statuses if record["deleted_at"]}
    parts = {record["id"] for record in statuses if "parent_session_friendly_id" in record}
    assert {record["id"] for record in statuses} == plain | deleted | parts
    assert deleted
    assert not deleted & plain
    for gone in deleted:
        await api.get(f"{EVENT}/sessions/{gone}", 404)
    parents = [record for record in statuses if record["subsessions"]]
    assert {part["id"] for record in parents for part in record["subsessions"]} == parts
    assert all(record["subsessions"] == [] for record in statuses if record["id"] in parts)


async def test_session_statuses_filter_and_sort_by_deletion(api: Api) -> None:
    body = {
        "filters": {"deletedAt": {"after": "2000-01-01T00:00:00Z"}},
        "sort": {"order": "deletedAt", "sort": "asc"},
    }
    times = [record["deleted_at"] for record in await api.all(f"{EVENT}/sessions/status", body)]
    assert times
    assert times == sorted(times)
    newest_first = await api.all(f"{EVENT}/sessions/status", {"sort": {"order": "deletedAt"}})
    assert [record["deleted_at"] for record in newest_first][: len(times)] == sorted(times, reverse=True)


async def test_speakers_are_contacts_who_speak(api: Api) -> None:
    speakers = await api.all(f"{EVENT}/speakers")
    contacts = await api.all(f"{EVENT}/contacts")
    assert {person["id"] for person in speakers} < {person["id"] for person in contacts}
    assert len(speakers) == 72
    other = next(iter({person["id"] for person in contacts} - {person["id"] for person in speakers}))
    await api.get(f"{EVENT}/speakers/{other}", 404)
    assert (await api.get(f"{EVENT}/contacts/{other}"))["id"] == other
    assert await api.get(f"{EVENT}/speakers/{speakers[0]['id']}") == speakers[0]
    assert speakers[0]["friendly_id"].startswith("SPK-")


async def test_contacts_belong_to_the_organization(api: Api) -> None:
    everyone = await api.all(f"/v1/organization/{api.server.org_id}/contacts")
    per_event = [await api.all(f"/v1/event/{event}/contacts") for event in api.server.event_ids]
    assert {person["id"] for person in everyone} == {p["id"] for people in per_event for p in people}
    shared = {person["id"] for person in per_event[0]} & {person["id"] for person in per_event[1]}
    someone = shared.pop()
    path = f"/v1/organization/{api.server.org_id}/contacts/{someone}"
    assert await api.get(path) == await api.get(f"{EVENT}/contacts/{someone}")
    await api.search("/v1/organization/elsewhere/contacts", status=404)


async def test_a_contacts_sessions(api: Api) -> None:
    found = await api.all(f"{EVENT}/sessions", {"expand": ["linked_sources"]})
    person = found[0]["participants"][0]["id"]
    taken = {record["id"] for record in found if person in [who["id"] for who in record["participants"]]}
    answer = await api.get(f"{EVENT}/contacts/{person}/sessions")
    assert answer.keys() == {"sessions", "status"}
    assert {record["id"] for record in answer["sessions"]} == taken
    assert answer["sessions"][0].keys() == {
        "id",
        "title",
        "status",
        "custom_status",
        "is_abstract",
        "composition_status",
    }
    everywhere = await api.get(f"/v1/organization/{api.server.org_id}/contacts/{person}/sessions")
    here = [record for record in everywhere["sessions"] if record["event_id"] == 4630]
    assert {record["id"] for record in here} == taken


async def test_the_status_of_a_contact_follows_from_its_sessions(api: Api) -> None:
    seen = set()
    for person in await api.all(f"{EVENT}/contacts"):
        answer = await api.get(f"{EVENT}/contacts/{person['id']}/sessions")
        statuses = {record["status"] for record in answer["sessions"]}
        if "accepted" in statuses:
            assert answer["status"] == "accepted"
        elif len(statuses) > 1:
            assert answer["status"] == "pending"
        else:
            assert {answer["status"]} == (statuses or {None})
        seen.add(answer["status"])
    assert {"accepted", "pending", None} <= seen


@pytest.mark.parametrize("family", ["sponsors", "exhibitors"])
async def test_sponsors_and_exhibitors(api: Api, family: str) -> None:
    found = await api.all(f"{EVENT}/{family}", {"sort": {"order": "updatedAt", "sort": "asc"}})
    assert [record["updated_at"] for record in found] == sorted(record["updated_at"] for record in found)
    for record in found:
        assert "address_coutnry" in record
        assert [contact["is_primary"] for contact in record["contacts"]] == [True, False]
        assert await api.get(f"{EVENT}/{family}/{record['id']}") == record


FAMILIES = ("fields", "rooms", "tracks", "tags", "formats", "levels", "languages", "statuses")


@pytest.mark.parametrize("family", FAMILIES)
async def test_settings_are_a_bare_list_and_a_search(api: Api, family: str) -> None:
    listed = await api.get(f"{EVENT}/{family}")
    assert isinstance(listed, list)
    searched = await api.all(f"{EVENT}/{'session-statuses' if family == 'statuses' else family}")
    assert sorted(record["id"] for record in searched) == sorted(record["id"] for record in listed)
    assert all(record in listed for record in searched)
    await api.get(f"{EVENT}/{family}?page=1", 400)


async def test_rooms_may_have_no_capacity(api: Api) -> None:
    assert {room["capacity"] is None for room in await api.get(f"{EVENT}/rooms")} == {True, False}


async def test_field_filters(api: Api) -> None:
    everything = {field["id"] for field in await api.get(f"{EVENT}/fields")}
    parts = [
        {field["id"] for field in await api.all(f"{EVENT}/fields", {"filters": {"module": module}})}
        for module in ("session", "contact", "account")
    ]
    assert set().union(*parts) == everything
    assert sum(map(len, parts)) == len(everything)
    custom = await api.all(f"{EVENT}/fields", {"filters": {"source": "custom", "scope": "event"}})
    assert {field["field_source"] for field in custom} == {"custom"}
    assert {field["scope"] for field in custom} == {"event"}


async def test_the_same_seed_serves_the_same_bytes() -> None:
    bodies = []
    for seed in (5, 5, 6):
        async with (
            EmbeddedServer(seed=seed) as server,
            aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client,
            client.post(f"{EVENT}/sessions", json={"expand": ["translated_fields"]}) as response,
        ):
            # Addresses of files point to the server itself, with its port.
            bodies.append((await response.read()).replace(server.base_url.encode(), b"http://server"))
    assert bodies[0] == bodies[1] != bodies[2]


async def test_an_event_may_have_many_sessions() -> None:
    async with (
        EmbeddedServer(events=1, sessions=12_000) as server,
        aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client,
    ):
        api = Api(server, client)
        last = await api.search(f"{EVENT}/sessions", params={"page": 120, "pageSize": 100})
        assert last["pagination"]["totalPages"] == 120
        assert len(last["results"]) == 100
