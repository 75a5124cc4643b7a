"""Refusals by the API and answers of others: every earlier file stays, and the manifest names it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from sessionboard_async import APIError, AsyncSession, BadRequestError, DecodeError, SessionboardError
from sessionboard_async.export.exporter import Manifest, export_event
from sessionboard_async.export.manifest import EarlierFile
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.export.exports import STAGING, content, lines
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

ONLY = ["rooms", "tracks"]


def refuse(server: EmbeddedServer, resource: str, status: int = 403, *, every: int = 1) -> Fault:
    fault = Fault("status", every=every, status=status, operation=f"search-{resource}")
    server.faults.append(fault)
    return fault


def published(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.glob("*.json*")}


# Refusals


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_a_refused_resource_keeps_its_earlier_file(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, status: int
) -> None:
    first = await export_event(sb, server.event_id, tmp_path, only=ONLY)
    rooms = (tmp_path / "rooms.jsonl").read_bytes()
    await sb.tracks.create(server.event_id, name="Later")
    refuse(server, "rooms", status)
    second = await export_event(sb, server.event_id, tmp_path, only=ONLY)
    assert (tmp_path / "rooms.jsonl").read_bytes() == rooms
    assert len(lines(tmp_path, "tracks")) == first.resources["tracks"].records + 1
    assert (set(second.resources), set(second.refused)) == ({"tracks"}, {"rooms"})
    assert f" {status} " in second.refused["rooms"]
    kept = EarlierFile(
        file="rooms.jsonl", bytes=len(rooms), event_id=server.event_id, exported_at=first.finished_at
    )
    assert second.earlier == {"rooms": kept}
    # However often it is refused, its file is from the first export.
    third = await export_event(sb, server.event_id, tmp_path, only=ONLY)
    assert third.earlier == {"rooms": kept}
    assert msgspec.json.decode((tmp_path / "manifest.json").read_bytes(), type=Manifest) == third
    # Unless it was changed since.
    (tmp_path / "rooms.jsonl").write_bytes(b"mine\n")
    fourth = await export_event(sb, server.event_id, tmp_path, only=ONLY)
    assert fourth.earlier == {"rooms": EarlierFile(file="rooms.jsonl", bytes=5)}


async def test_files_of_resources_that_are_not_asked_for_are_earlier_ones(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    first = await export_event(sb, server.event_id, tmp_path, only=["rooms", "tracks", "tags"])
    (tmp_path / "levels.jsonl").write_bytes(b"older\n")  # not described by the manifest
    (tmp_path / "tags.jsonl").write_bytes(b"")  # not as described
    (tmp_path / "formats.jsonl").mkdir()
    second = await export_event(sb, server.event_ids[1], tmp_path, only=["tracks"])
    assert second.earlier == {
        "rooms": EarlierFile(
            file="rooms.jsonl",
            bytes=first.resources["rooms"].bytes,
            event_id=server.event_id,
            exported_at=first.finished_at,
        ),
        "tags": EarlierFile(file="tags.jsonl", bytes=0),
        "levels": EarlierFile(file="levels.jsonl", bytes=6),
    }


@pytest.mark.parametrize(
    "damaged",
    [b"", b"older", b"{}", b"\xff", b'{"x":' + b"[" * 100_000, None],
    ids=["empty", "text", "object", "bytes", "deep", "missing"],
)
async def test_an_earlier_file_beside_a_damaged_manifest_is_of_an_unknown_export(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, damaged: bytes | None
) -> None:
    (tmp_path / "rooms.jsonl").write_bytes(b"older\n")
    if damaged is not None:
        (tmp_path / "manifest.json").write_bytes(damaged)
    refuse(server, "rooms")
    manifest = await export_event(sb, server.event_id, tmp_path, only=ONLY)
    assert manifest.earlier == {"rooms": EarlierFile(file="rooms.jsonl", bytes=6)}
    assert (tmp_path / "rooms.jsonl").read_bytes() == b"older\n"


@pytest.mark.parametrize("earlier", [False, True], ids=["fresh", "over an earlier export"])
async def test_a_resource_refused_in_the_middle_publishes_no_part_of_it(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, earlier: bool
) -> None:
    if earlier:
        await export_event(sb, server.event_id, tmp_path, only=["sessions"])
    before = content(tmp_path)
    server.faults.append(Fault("status", on=3, status=403, operation="search-sessions"))
    manifest = await export_event(sb, server.event_id, tmp_path, only=["sessions", "rooms"])
    assert set(manifest.refused) == {"sessions"}
    assert content(tmp_path).get("sessions.jsonl") == before.get("sessions.jsonl")
    assert [*manifest.earlier] == ["sessions"] * earlier


async def test_a_resumed_export_keeps_the_earlier_file_of_a_refused_resource(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    only = ["rooms", "sessions"]
    first = await export_event(sb, server.event_id, tmp_path, only=only)
    before = content(tmp_path)
    fault = Fault("status", on=3, status=400, operation="search-sessions")
    server.faults.append(fault)
    with pytest.raises(BadRequestError):
        await export_event(sb, server.event_id, tmp_path, only=only, resume=True, concurrency=1)
    server.faults.remove(fault)
    refuse(server, "sessions")
    manifest = await export_event(sb, server.event_id, tmp_path, only=only, resume=True)
    assert (set(manifest.resources), set(manifest.refused)) == ({"rooms"}, {"sessions"})
    assert manifest.earlier["sessions"].exported_at == first.finished_at
    assert content(tmp_path)["sessions.jsonl"] == before["sessions.jsonl"]
    assert not (tmp_path / STAGING).exists()


@pytest.mark.parametrize("allowed", [False, True])
async def test_refused_resources_are_one_warning_unless_they_are_allowed(
    server: EmbeddedServer,
    sb: AsyncSession,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    allowed: bool,
) -> None:
    refuse(server, "rooms")
    refuse(server, "tags", 404)
    with caplog.at_level(logging.WARNING, "sessionboard_async"):
        manifest = await export_event(
            sb, server.event_id, tmp_path, only=["rooms", "tags", "tracks"], allow_refused=allowed
        )
    assert set(manifest.refused) == {"rooms", "tags"}
    warnings = [record.getMessage() for record in caplog.records]
    assert warnings == (
        [] if allowed else ["the API refused rooms, tags: earlier data of them was kept as it is"]
    )


@pytest.mark.parametrize("allowed", [False, True])
async def test_an_export_of_which_everything_is_refused_is_an_error(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, allowed: bool
) -> None:
    before = content(directory)
    refuse(server, "rooms", 405)
    refuse(server, "tracks", 501)
    with pytest.raises(APIError, match=r"405|501"):
        await export_event(sb, server.event_id, directory, only=ONLY, allow_refused=allowed)
    assert content(directory) == before


# Answers that are not the API's, or no answers


def html(status: int) -> web.Response:
    return web.Response(status=status, text="<html>Attention required!</html>", content_type="text/html")


def data(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")


PAGE = '"pagination": {"currentPage": 1, "pageSize": 100, "totalPages": 1, "totalResults": 1}'

UNUSABLE: dict[str, Callable[[], web.Response]] = {
    **{f"HTML with {status}": partial(html, status) for status in (200, 401, 403, 404, 405, 501)},
    "empty 403": partial(web.Response, status=403),
    "a list with 404": partial(web.json_response, ["error"], status=404),
    "401 of the API": partial(web.json_response, {"error": "Unauthorized"}, status=401),
    "null": partial(data, "null"),
    "results null": partial(data, '{"results": null}'),
    "results null, pagination null": partial(data, '{"results": null, "pagination": null}'),
    "results null, total 1": partial(data, f'{{"results": null, {PAGE}}}'),
    "results an object": partial(data, f'{{"results": {{"id": "t1"}}, {PAGE}}}'),
    "data null": partial(data, '{"data": null}'),
    "a strange object": partial(data, '{"status": "ok"}'),
    "an empty object": partial(data, "{}"),
    "a text": partial(data, '"fine"'),
}


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("start", ["fresh", "over an earlier export", "resumed"])
@pytest.mark.untraced
async def test_an_answer_that_is_neither_data_nor_a_refusal_is_an_error(
    serve: Serve, tmp_path: Path, name: str, start: str
) -> None:
    answers: dict[str, Callable[[], web.Response]] = {}
    good = f'{{"results": [{{"id": "t1"}}], {PAGE}}}'

    async def answer(request: web.Request) -> web.Response:
        return answers.get(request.path.rsplit("/", 1)[-1], lambda: data(good))()

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        if start != "fresh":
            await export_event(sb, 1, tmp_path, only=ONLY)
        if start == "resumed":
            answers["tracks"] = lambda: web.json_response({"error": "no"}, status=400)
            with pytest.raises(BadRequestError):
                await export_event(sb, 1, tmp_path, only=ONLY, resume=True, concurrency=1)
        before = published(tmp_path)
        answers["tracks"] = UNUSABLE[name]
        with pytest.raises(SessionboardError) as caught:
            await export_event(sb, 1, tmp_path, only=ONLY, resume=start == "resumed", allow_refused=True)
    assert isinstance(caught.value, APIError | DecodeError)
    assert "tracks" in str(caught.value)
    assert published(tmp_path) == before
