"""An export holds what the API sent, byte for byte, and appears as a whole or not at all."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    NotFoundError,
    PermissionDeniedError,
    SessionboardError,
    __version__,
)
from sessionboard_async.export.exporter import RESOURCES, ExportProgress, Manifest, export_event
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

LAST_SEGMENTS = {resource: resource for resource in RESOURCES} | {"statuses": "session-statuses"}
"""How the path of each resource ends."""

SEVERAL_PAGES = 230


class Answer(msgspec.Struct):
    results: list[msgspec.Raw]
    pagination: dict[str, int]


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=SEVERAL_PAGES, events=1) as server:
        yield server


@pytest.fixture
async def sb(server: EmbeddedServer) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb:
        yield sb


async def sent(sb: AsyncSession, event_id: int, resource: str, **body: Any) -> tuple[list[bytes], int]:
    """Ask for the pages of a resource ourselves: the bytes of each record, and the total."""
    if resource not in {"fields", "statuses"}:
        body["sort"] = {"order": "createdAt", "sort": "asc"}
    path, records, page = f"/v1/event/{event_id}/{LAST_SEGMENTS[resource]}", list[bytes](), 1
    while True:
        query = {"page": page, "pageSize": 100}
        response = await sb.request("POST", path, query=query, json=body, idempotent=True)
        answer = msgspec.json.decode(response.body, type=Answer)
        found = [bytes(record) for record in answer.results]
        assert b",".join(found) in response.body
        records += found
        if page >= answer.pagination["totalPages"]:
            return records, answer.pagination["totalResults"]
        page += 1


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def lines(directory: Path, resource: str) -> list[bytes]:
    return (directory / f"{resource}.jsonl").read_bytes().split(b"\n")[:-1]


# What is written


async def test_every_file_holds_every_record_as_it_was_sent(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "export"
    await export_event(sb, server.event_id, target)
    assert {path.name for path in target.iterdir()} == {
        "manifest.json",
        *(f"{resource}.jsonl" for resource in RESOURCES),
    }
    for resource in RESOURCES:
        expected, total = await sent(sb, server.event_id, resource)
        assert len(expected) == total > 0
        assert (target / f"{resource}.jsonl").read_bytes() == b"".join(record + b"\n" for record in expected)
    assert len(lines(target, "sessions")) == SEVERAL_PAGES


async def test_the_manifest_tells_what_the_files_hold(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    before = datetime.now(UTC)
    manifest = await export_event(sb, server.event_id, tmp_path)
    text = (tmp_path / "manifest.json").read_bytes()
    assert msgspec.json.decode(text, type=Manifest) == manifest
    assert text.count(b"\n") > len(RESOURCES), "people read it too"
    assert TOKEN.encode() not in text
    assert server.token.encode() not in text
    assert manifest.event_id == server.event_id
    assert manifest.base_url == server.base_url
    assert before <= manifest.started_at <= manifest.finished_at <= datetime.now(UTC)
    assert manifest.seconds >= 0
    assert (manifest.expand, manifest.updated_after, manifest.refused) == ((), None, {})
    assert manifest.made_by == f"sessionboard_async {__version__}"
    assert tuple(manifest.resources) == RESOURCES
    for resource, summary in manifest.resources.items():
        assert summary.file == f"{resource}.jsonl"
        assert summary.bytes == (tmp_path / summary.file).stat().st_size
        assert summary.records == summary.reported == len(lines(tmp_path, resource))
        assert summary.pages == -(-summary.records // 100)
        assert 0 <= summary.seconds <= manifest.seconds + 0.001


async def test_some_resources_only(server: EmbeddedServer, sb: AsyncSession, tmp_path: Path) -> None:
    manifest = await export_event(sb, server.event_id, tmp_path, only=["tracks", "rooms", "tracks"])
    assert tuple(manifest.resources) == ("tracks", "rooms")
    assert set(content(tmp_path)) == {"tracks.jsonl", "rooms.jsonl", "manifest.json"}
    assert {request.operation for request in server.requests} == {"search-tracks", "search-rooms"}


async def test_expanded_records(server: EmbeddedServer, sb: AsyncSession, tmp_path: Path) -> None:
    manifest = await export_event(
        sb, server.event_id, tmp_path, only=["sessions", "speakers"], expand=["translated_fields"]
    )
    assert manifest.expand == ("translated_fields",)
    for resource in ("sessions", "speakers"):
        expected, _ = await sent(sb, server.event_id, resource, expand=["translated_fields"])
        assert lines(tmp_path, resource) == expected
    plain, _ = await sent(sb, server.event_id, "sessions")
    assert lines(tmp_path, "sessions") != plain


async def test_only_what_changed_later(server: EmbeddedServer, sb: AsyncSession, tmp_path: Path) -> None:
    talks = await sb.sessions.search(server.event_id).raw().collect()
    middle = sorted(talk["updated_at"] for talk in talks)[len(talks) // 2]
    manifest = await export_event(sb, server.event_id, tmp_path, only=["sessions"], updated_after=middle)
    assert manifest.updated_after is not None
    assert datetime.fromisoformat(manifest.updated_after) == datetime.fromisoformat(middle)
    filters = {"updatedAt": {"after": manifest.updated_after}}
    expected, total = await sent(sb, server.event_id, "sessions", filters=filters)
    assert lines(tmp_path, "sessions") == expected
    assert 0 < total < SEVERAL_PAGES


async def test_a_resource_without_records_is_an_empty_file(tmp_path: Path) -> None:
    async with (
        EmbeddedServer(sessions=0, sponsors=0) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        manifest = await export_event(sb, server.event_id, tmp_path, only=["sponsors"])
    assert (tmp_path / "sponsors.jsonl").read_bytes() == b""
    assert (manifest.resources["sponsors"].records, manifest.resources["sponsors"].bytes) == (0, 0)


async def test_a_second_export_takes_the_place_of_the_first(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    for resource in RESOURCES:
        (tmp_path / f"{resource}.jsonl").write_bytes(b"older\n")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    await export_event(sb, server.event_id, tmp_path)
    assert content(tmp_path).pop("notes.txt") == b"mine"
    assert b"older\n" not in content(tmp_path).values()


# Servers that answer otherwise


def page(results: str, total: int, pages: int = 1, number: int = 1) -> web.Response:
    pagination = {"currentPage": number, "pageSize": 100, "totalPages": pages, "totalResults": total}
    text = f'{{"results": {results}, "pagination": {json.dumps(pagination)}}}'
    return web.Response(text=text, content_type="application/json")


async def test_a_pretty_printed_record_is_still_one_line(serve: Serve, tmp_path: Path) -> None:
    records: list[dict[str, object]] = [
        {"id": "t1", "name": 'two\nlines, "quoted" \\ \u2028 and \u0085', "number": 1},
        {"id": "t2", "name": "Café  with   spaces", "nested": {"list": [1, {"a": None}], "empty": {}}},
    ]
    # A number that no float can hold must come through as well.
    text = json.dumps(records, indent=4, ensure_ascii=False).replace(
        '"number": 1', '"number": 1.10000000000000000001'
    )

    async def answer(_: web.Request) -> web.Response:
        return page(text.replace("\n", "\r\n"), 2)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await export_event(sb, 1, tmp_path, only=["tracks"])
    first, second = lines(tmp_path, "tracks")
    assert json.loads(first) == {**records[0], "number": 1.1}
    assert b"1.10000000000000000001" in first
    assert json.loads(second) == records[1]


async def test_spaces_and_escapes_stay_as_they_came(serve: Serve, tmp_path: Path) -> None:
    record = '{ "id" : "t1",\t"name": "\\u0041\\/\\ud83d\\ude00" , "size":1e2, "size":1.00 }'

    async def answer(_: web.Request) -> web.Response:
        return page(f"[ {record} ]", 1)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await export_event(sb, 1, tmp_path, only=["tracks"])
    assert lines(tmp_path, "tracks") == [record.encode()]


async def test_repeated_records_are_written_once_and_the_difference_is_told(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(request: web.Request) -> web.Response:
        number = int(request.query["page"])
        ids = range(100) if number == 1 else range(98, 103)
        return page(json.dumps([{"id": f"t{n}"} for n in ids]), 106 - number, 2, number)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with caplog.at_level(logging.WARNING, "sessionboard_async"):
            manifest = await export_event(sb, 1, tmp_path, only=["tracks"])
    assert [json.loads(line)["id"] for line in lines(tmp_path, "tracks")] == [f"t{n}" for n in range(103)]
    summary = manifest.resources["tracks"]
    assert (summary.records, summary.reported, summary.pages) == (103, 104, 2)
    assert "search-tracks: 103 of 104 records were returned" in caplog.text


# What is refused


async def test_unusable_arguments_are_found_before_anything_happens(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    with pytest.raises(ValueError, match=r"no talks, people to export; there are sessions, speakers"):
        await export_event(sb, server.event_id, target, only=["talks", "rooms", "people"])
    with pytest.raises(ValueError, match="concurrency must be at least 1, not 0"):
        await export_event(sb, server.event_id, target, concurrency=0)
    with pytest.raises(ValueError, match="updated_after has no time zone"):
        await export_event(sb, server.event_id, target, updated_after="2026-08-01T09:00:00")
    with pytest.raises(ValueError, match="expand must be one of"):
        await export_event(sb, server.event_id, target, expand=["everything"])  # type: ignore[list-item]  # wrong on purpose
    assert not target.exists()
    assert not server.requests


@pytest.mark.parametrize("status", [403, 404])
async def test_a_refused_resource_is_recorded_and_the_others_go_on(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, status: int
) -> None:
    server.faults.append(Fault("status", every=1, status=status, operation="search-sponsors"))
    manifest = await export_event(sb, server.event_id, tmp_path)
    assert set(manifest.refused) == {"sponsors"}
    assert f" {status} " in manifest.refused["sponsors"]
    assert set(manifest.resources) == set(RESOURCES) - {"sponsors"}
    assert set(content(tmp_path)) == {f"{name}.jsonl" for name in manifest.resources} | {"manifest.json"}


async def test_a_token_of_few_scopes_gets_what_it_may_see(tmp_path: Path) -> None:
    async with (
        EmbeddedServer(scopes=["read:sessions"]) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        manifest = await export_event(sb, server.event_id, tmp_path)
        assert set(manifest.resources) == {"sessions"}
        assert set(manifest.refused) == set(RESOURCES) - {"sessions"}
        with pytest.raises(PermissionDeniedError, match="403"):
            await export_event(sb, server.event_id, tmp_path, only=["rooms", "tags"])


async def test_an_event_that_is_not_there_is_an_error(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_bytes(b"older")
    with pytest.raises(NotFoundError, match="there is no such event"):
        await export_event(sb, 1, tmp_path)
    assert content(tmp_path) == {"manifest.json": b"older"}


# What goes wrong


@pytest.fixture(params=["empty", "older export"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory, and the same with an export that has to survive."""
    if request.param != "empty":
        for name in (*(f"{resource}.jsonl" for resource in RESOURCES), "manifest.json"):
            (tmp_path / name).write_bytes(f"older {name}\n".encode())
    return tmp_path


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", on=3, status=400, operation="search-sessions"),
        Fault("status", every=1, status=503, operation="search-levels"),
        Fault("status", every=1, status=401, operation="search-session-statuses"),
        Fault("status", on=11, status=401),
        Fault("truncate", every=1, operation="search-event-contacts"),
        Fault("wrong_page", every=1, operation="search-sessions"),
        Fault("empty_page", every=1, operation="search-sessions"),
    ],
    ids=lambda fault: f"{fault.kind} {fault.operation}",
)
async def test_an_error_midway_leaves_the_directory_as_it_was(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, fault: Fault
) -> None:
    before = content(directory)
    server.faults.append(fault)
    with pytest.raises(SessionboardError):
        await export_event(sb, server.event_id, directory)
    assert content(directory) == before


async def test_an_error_of_the_listener_leaves_the_directory_as_it_was(
    server: EmbeddedServer, sb: AsyncSession, directory: Path
) -> None:
    before = content(directory)

    def complain(progress: ExportProgress) -> None:
        if progress.resource == "speakers" and progress.records:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await export_event(sb, server.event_id, directory, on_progress=complain)
    assert content(directory) == before


async def test_a_place_that_cannot_be_written_leaves_the_others_as_they_were(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    (tmp_path / "sessions.jsonl").write_bytes(b"older\n")
    (tmp_path / "tracks.jsonl").mkdir()
    with pytest.raises(OSError, match=r"tracks\.jsonl"):
        await export_event(sb, server.event_id, tmp_path)
    (tmp_path / "tracks.jsonl").rmdir()
    assert content(tmp_path) == {"sessions.jsonl": b"older\n"}


async def test_a_file_where_the_directory_should_be(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(OSError, match="file"):
        await export_event(sb, server.event_id, tmp_path / "file")
    assert not server.requests


def old_or_new(directory: Path, before: dict[str, bytes], *, finished: bool) -> None:
    """An export that was given up may have been complete already; it is never there in part."""
    after = content(directory)
    if finished or after != before:
        assert set(after) == {"manifest.json", *(f"{resource}.jsonl" for resource in RESOURCES)}
        assert not any(text.startswith(b"older") for text in after.values())


@pytest.mark.parametrize("calls", [1, 13, 14, 26, 33])
async def test_a_cancelled_scope_leaves_the_directory_as_it_was(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, calls: int
) -> None:
    before = content(directory)
    seen: list[ExportProgress] = []
    with anyio.CancelScope() as scope:

        def show(progress: ExportProgress) -> None:
            seen.append(progress)
            if len(seen) == calls:
                scope.cancel()

        await export_event(sb, server.event_id, directory, on_progress=show)
    assert scope.cancelled_caught
    assert content(directory) == before


@pytest.mark.parametrize("turns", [0, 1, 5, 20, 50, 100, 200])
async def test_a_cancelled_task_leaves_the_directory_whole(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, turns: int
) -> None:
    before = content(directory)
    export = asyncio.create_task(export_event(sb, server.event_id, directory))
    for _ in range(turns):
        await asyncio.sleep(0)
    export.cancel()
    (result,) = await asyncio.gather(export, return_exceptions=True)
    assert isinstance(result, Manifest | asyncio.CancelledError)
    old_or_new(directory, before, finished=isinstance(result, Manifest))


async def test_a_task_cancelled_while_the_files_are_moved(
    server: EmbeddedServer, sb: AsyncSession, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(directory)
    moving, go_on, move = threading.Event(), threading.Event(), Path.replace
    moved: list[str] = []

    def move_slowly(path: Path, target: Path) -> Path:
        if moved:
            moving.set()
            if threading.current_thread() is not threading.main_thread():
                go_on.wait(5)
        moved.append(path.name)
        return move(path, target)

    monkeypatch.setattr(Path, "replace", move_slowly)
    export = asyncio.create_task(export_event(sb, server.event_id, directory))
    await until(moving.is_set)
    export.cancel()
    await asyncio.wait({export}, timeout=0.1)  # it may wait for what it began, which waits for us
    go_on.set()
    (result,) = await asyncio.gather(export, return_exceptions=True)
    assert isinstance(result, Manifest | asyncio.CancelledError)
    old_or_new(directory, before, finished=isinstance(result, Manifest))


# How far it is


async def test_progress_tells_of_each_page(server: EmbeddedServer, sb: AsyncSession, tmp_path: Path) -> None:
    seen: list[ExportProgress] = []
    manifest = await export_event(sb, server.event_id, tmp_path, on_progress=seen.append)
    for resource, summary in manifest.resources.items():
        steps = [progress for progress in seen if progress.resource == resource]
        total = summary.records
        assert len(steps) == summary.pages + 2
        written = [step.records for step in steps]
        assert (written[0], written[-2:]) == (0, [total, total])
        # By time, all pages but the first bring a few records fewer than they could hold.
        assert all(90 <= after - before <= 100 for before, after in pairwise(written[:-2]))
        assert [step.total for step in steps] == [None, *[total] * (len(steps) - 1)]
        assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_so_many_resources_at_a_time(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, concurrency: int
) -> None:
    under_way: set[str] = set()
    most = 0

    def show(progress: ExportProgress) -> None:
        nonlocal most
        (under_way.discard if progress.done else under_way.add)(progress.resource)
        most = max(most, len(under_way))

    await export_event(sb, server.event_id, tmp_path, concurrency=concurrency, on_progress=show)
    assert most == concurrency
