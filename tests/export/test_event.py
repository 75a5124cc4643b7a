"""The event with its time zone is part of the manifest, or the reason why it is not."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sessionboard_async import APIError, AsyncSession, BadRequestError, DecodeError, SessionboardError
from sessionboard_async.export import Manifest, export_event
from sessionboard_async.models import Event, EventFeatures
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.export.exports import STAGING, content
from tests.support.http_server import IMPATIENT, TOKEN
from tests.support.records_api import RecordsAPI

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

PARIS = {"id": 1, "name": "An event", "timezone": "Europe/Paris", "features": {"translated_fields": True}}

UNLISTED = "the token does not see it in the list of events"


@pytest.fixture
async def api() -> AsyncIterator[RecordsAPI]:
    api = RecordsAPI(rooms=[{"id": "a", "name": "Hall"}], tracks=[{"id": "b", "name": "Art"}])
    api.events = [{"id": "10", "timezone": "UTC"}, PARIS]
    async with api.running():
        yield api


@pytest.fixture
async def records(api: RecordsAPI) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(TOKEN, base_url=api.base_url, retry=IMPATIENT) as sb:
        yield sb


def written(directory: Path) -> Manifest:
    return msgspec.json.decode((directory / "manifest.json").read_bytes(), type=Manifest)


@pytest.mark.parametrize("id_", [1, "1"])
async def test_the_manifest_holds_the_event(
    api: RecordsAPI, records: AsyncSession, tmp_path: Path, id_: int | str
) -> None:
    api.events = [{"id": "10", "timezone": "UTC"}, {**PARIS, "id": id_}]
    manifest = await export_event(records, 1, tmp_path, only=["rooms"])
    features = EventFeatures(translated_fields=True)
    assert manifest.event == Event(id=id_, name="An event", timezone="Europe/Paris", features=features)
    assert manifest.event_missing is None
    assert written(tmp_path) == manifest
    text = json.loads((tmp_path / "manifest.json").read_bytes())
    assert (text["event"], text["event_missing"]) == ({**PARIS, "id": id_}, None)
    assert [request.split()[0] for request in api.requests] == ["GET", "POST"]


async def test_the_form_of_an_event_is_no_error_for_a_strict_client(api: RecordsAPI, tmp_path: Path) -> None:
    api.events = [{"id": 10, "name": ["another", "event"]}, {**PARIS, "features": "none"}]
    async with AsyncSession(TOKEN, base_url=api.base_url, strict=True) as sb:
        manifest = await export_event(sb, 1, tmp_path, only=["rooms"])
    assert manifest.event == Event(id=1, name="An event", timezone="Europe/Paris")
    assert written(tmp_path) == manifest


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("status", [403, 404, 405, 501, 200])
async def test_an_export_succeeds_without_an_event_that_the_token_does_not_see(
    api: RecordsAPI,
    records: AsyncSession,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    status: int,
    allowed: bool,
) -> None:
    def refuse(_: str, path: str, __: object) -> Any:
        return None if path else (status, {"error": "ForbiddenError", "message": "not this token"})

    api.events = [{"id": 10}]
    if status != 200:
        api.override = refuse
    with caplog.at_level(logging.WARNING, "sessionboard_async"):
        manifest = await export_event(records, 1, tmp_path, only=["rooms"], allow_refused=allowed)
    assert (manifest.event, manifest.refused, [*manifest.resources]) == (None, {}, ["rooms"])
    assert manifest.event_missing is not None
    if status == 200:
        assert manifest.event_missing == UNLISTED
    else:
        assert f" {status} " in manifest.event_missing
    assert written(tmp_path) == manifest
    expected = f"event 1: its name and time zone were not read: {manifest.event_missing}"
    assert [record.getMessage() for record in caplog.records] == ([] if allowed else [expected])


async def test_a_token_without_the_scope_exports_without_the_event(tmp_path: Path) -> None:
    async with (
        EmbeddedServer(scopes=["read:sessions"]) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        manifest = await export_event(sb, server.event_id, tmp_path, only=["sessions"])
    assert (manifest.event, manifest.refused) == (None, {})
    assert "read:events" in str(manifest.event_missing)


UNUSABLE: dict[str, tuple[int, object]] = {
    "outage": (503, {"error": "ServiceUnavailableError"}),
    "wrong token": (401, {"error": "UnauthorizedError"}),
    **{f"page of a proxy with {status}": (status, "<html>no</html>") for status in (200, 403, 404)},
    "nonsense": (200, {"results": None}),
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_an_answer_that_is_no_refusal_is_an_error(
    api: RecordsAPI, records: AsyncSession, tmp_path: Path, name: str
) -> None:
    await export_event(records, 1, tmp_path, only=["rooms"])
    before = content(tmp_path)

    def fail(_: str, path: str, __: object) -> Any:
        return None if path else UNUSABLE[name]

    api.override = fail
    with pytest.raises(SessionboardError, match=r"/v1/events|list-events") as caught:
        await export_event(records, 1, tmp_path, only=["rooms"], allow_refused=True)
    assert isinstance(caught.value, APIError | DecodeError)
    assert content(tmp_path) == before


async def test_a_resumed_export_reads_the_event_again(
    api: RecordsAPI, records: AsyncSession, tmp_path: Path
) -> None:
    def fail(_: str, path: str, __: object) -> Any:
        return (400, {"error": "BadRequestError"}) if path == "tracks" else None

    api.override = fail
    with pytest.raises(BadRequestError):
        await export_event(records, 1, tmp_path, only=["rooms", "tracks"], concurrency=1, resume=True)
    assert (tmp_path / STAGING).exists()
    api.override = lambda *_: None
    api.events = [{**PARIS, "name": "Renamed"}]
    api.requests.clear()
    manifest = await export_event(records, 1, tmp_path, only=["rooms", "tracks"], resume=True)
    assert api.requests == ["GET ", "POST tracks"]
    assert manifest.event is not None
    assert manifest.event.name == "Renamed"


async def test_an_outage_keeps_unfinished_files(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    server.faults.append(Fault("status", on=2, status=400, operation="search-sessions"))
    with pytest.raises(BadRequestError):
        await export_event(sb, server.event_id, tmp_path, only=["sessions"], resume=True)
    before = content(tmp_path / STAGING)
    server.faults[:] = [Fault("status", every=1, status=503, operation="list-events")]
    with pytest.raises(APIError, match="503"):
        await export_event(sb, server.event_id, tmp_path, only=["sessions"], resume=True)
    after = content(tmp_path / STAGING)
    assert before.keys() == after.keys()
    assert all(after[name].startswith(before[name]) for name in before if name.endswith(".jsonl"))
    server.faults.clear()
    manifest = await export_event(sb, server.event_id, tmp_path, only=["sessions"], resume=True)
    assert manifest.event is not None
    assert manifest.resources["sessions"].records == manifest.resources["sessions"].reported
