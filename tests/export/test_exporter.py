"""The files of an export: content, manifest, refusals and progress."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, NotFoundError, PermissionDeniedError, __version__
from sessionboard_async.export.exporter import RESOURCES, ExportProgress, Manifest, export_event
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.export.exports import content, fetch, lines
from tests.support.http_server import TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

SESSIONS = 230
"""The number of sessions on the server: several pages."""


# Content


async def test_files_hold_every_record_byte_for_byte(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "export"
    await export_event(sb, server.event_id, target)
    assert {path.name for path in target.iterdir()} == {
        "manifest.json",
        *(f"{resource}.jsonl" for resource in RESOURCES),
    }
    for resource in RESOURCES:
        expected, total = await fetch(sb, server.event_id, resource)
        assert len(expected) == total > 0
        assert (target / f"{resource}.jsonl").read_bytes() == b"".join(record + b"\n" for record in expected)
    assert len(lines(target, "sessions")) == SESSIONS


async def test_the_manifest_describes_the_files(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    before = datetime.now(UTC)
    manifest = await export_event(sb, server.event_id, tmp_path)
    text = (tmp_path / "manifest.json").read_bytes()
    assert msgspec.json.decode(text, type=Manifest) == manifest
    assert text.count(b"\n") > len(RESOURCES)  # formatted for readers
    assert TOKEN.encode() not in text
    assert server.token.encode() not in text
    assert manifest.event_id == server.event_id
    assert manifest.base_url == server.base_url
    assert before <= manifest.started_at <= manifest.finished_at <= datetime.now(UTC)
    assert manifest.seconds >= 0
    assert (manifest.expand, manifest.updated_after, manifest.refused) == ((), None, {})
    assert (manifest.event, manifest.event_missing) == (await sb.events.get(server.event_id), None)
    assert manifest.made_by == f"sessionboard_async {__version__}"
    assert tuple(manifest.resources) == RESOURCES
    for resource, summary in manifest.resources.items():
        assert summary.file == f"{resource}.jsonl"
        assert summary.bytes == (tmp_path / summary.file).stat().st_size
        assert summary.records == summary.reported == len(lines(tmp_path, resource))
        assert summary.pages == -(-summary.records // 100)
        assert 0 <= summary.seconds <= manifest.seconds + 0.001


async def test_only_selects_resources(server: EmbeddedServer, sb: AsyncSession, tmp_path: Path) -> None:
    manifest = await export_event(sb, server.event_id, tmp_path, only=["tracks", "rooms", "tracks"])
    assert tuple(manifest.resources) == ("tracks", "rooms")
    assert set(content(tmp_path)) == {"tracks.jsonl", "rooms.jsonl", "manifest.json"}
    assert {request.operation for request in server.requests} == {
        "list-events",
        "search-tracks",
        "search-rooms",
    }


async def test_expand_reaches_the_records(server: EmbeddedServer, sb: AsyncSession, tmp_path: Path) -> None:
    manifest = await export_event(
        sb, server.event_id, tmp_path, only=["sessions", "speakers"], expand=["translated_fields"]
    )
    assert manifest.expand == ("translated_fields",)
    for resource in ("sessions", "speakers"):
        expected, _ = await fetch(sb, server.event_id, resource, expand=["translated_fields"])
        assert lines(tmp_path, resource) == expected
    plain, _ = await fetch(sb, server.event_id, "sessions")
    assert lines(tmp_path, "sessions") != plain


async def test_updated_after_selects_records(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    talks = await sb.sessions.search(server.event_id).raw().collect()
    middle = sorted(talk["updated_at"] for talk in talks)[len(talks) // 2]
    manifest = await export_event(sb, server.event_id, tmp_path, only=["sessions"], updated_after=middle)
    assert manifest.updated_after is not None
    assert datetime.fromisoformat(manifest.updated_after) == datetime.fromisoformat(middle)
    filters = {"updatedAt": {"after": manifest.updated_after}}
    expected, total = await fetch(sb, server.event_id, "sessions", filters=filters)
    assert lines(tmp_path, "sessions") == expected
    assert 0 < total < SESSIONS


async def test_a_resource_without_records_is_an_empty_file(tmp_path: Path) -> None:
    async with (
        EmbeddedServer(sessions=0, sponsors=0) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        manifest = await export_event(sb, server.event_id, tmp_path, only=["sponsors"])
    assert (tmp_path / "sponsors.jsonl").read_bytes() == b""
    assert (manifest.resources["sponsors"].records, manifest.resources["sponsors"].bytes) == (0, 0)


async def test_a_second_export_replaces_the_first(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    for resource in RESOURCES:
        (tmp_path / f"{resource}.jsonl").write_bytes(b"older\n")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    await export_event(sb, server.event_id, tmp_path)
    assert content(tmp_path).pop("notes.txt") == b"mine"
    assert b"older\n" not in content(tmp_path).values()


# Servers with unusual answers


def page(results: str, total: int, pages: int = 1, number: int = 1) -> web.Response:
    pagination = {"currentPage": number, "pageSize": 100, "totalPages": pages, "totalResults": total}
    text = f'{{"results": {results}, "pagination": {json.dumps(pagination)}}}'
    return web.Response(text=text, content_type="application/json")


async def test_a_pretty_printed_record_is_still_one_line(serve: Serve, tmp_path: Path) -> None:
    records: list[dict[str, object]] = [
        {"id": "t1", "name": 'two\nlines, "quoted" \\ \u2028 and \u0085', "number": 1},
        {"id": "t2", "name": "Café  with   spaces", "nested": {"list": [1, {"a": None}], "empty": {}}},
    ]
    # A number that a float cannot hold is kept as well.
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


async def test_spaces_and_escapes_are_kept(serve: Serve, tmp_path: Path) -> None:
    record = '{ "id" : "t1",\t"name": "\\u0041\\/\\ud83d\\ude00" , "size":1e2, "size":1.00 }'

    async def answer(_: web.Request) -> web.Response:
        return page(f"[ {record} ]", 1)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await export_event(sb, 1, tmp_path, only=["tracks"])
    assert lines(tmp_path, "tracks") == [record.encode()]


async def test_repeated_records_are_written_once_and_the_difference_is_logged(
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
    assert (summary.records, summary.reported, summary.pages) == (103, 105, 2)
    assert "search-tracks: 103 of 105 records were returned" in caplog.text


# Refusals


async def test_invalid_arguments_are_refused_before_any_request(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    with pytest.raises(ValueError, match=r"unknown resources: 'talks', 'people'; the resources are sess"):
        await export_event(sb, server.event_id, target, only=["talks", "rooms", "people"])
    with pytest.raises(TypeError, match=r"resources must be a sequence of strings: write \['rooms'\]"):
        await export_event(sb, server.event_id, target, only="rooms")
    with pytest.raises(ValueError, match="concurrency must be at least 1, not 0"):
        await export_event(sb, server.event_id, target, concurrency=0)
    with pytest.raises(ValueError, match="updated_after has no time zone"):
        await export_event(sb, server.event_id, target, updated_after="2026-08-01T09:00:00")
    with pytest.raises(ValueError, match="expand must be one of"):
        await export_event(sb, server.event_id, target, expand=["everything"])  # type: ignore[list-item]  # wrong on purpose
    assert not target.exists()
    assert not server.requests


@pytest.mark.parametrize("status", [403, 404])
async def test_a_refused_resource_is_recorded_and_the_others_are_exported(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path, status: int
) -> None:
    server.faults.append(Fault("status", every=1, status=status, operation="search-sponsors"))
    manifest = await export_event(sb, server.event_id, tmp_path)
    assert set(manifest.refused) == {"sponsors"}
    assert f" {status} " in manifest.refused["sponsors"]
    assert set(manifest.resources) == set(RESOURCES) - {"sponsors"}
    assert set(content(tmp_path)) == {f"{name}.jsonl" for name in manifest.resources} | {"manifest.json"}


async def test_a_token_with_few_scopes_exports_what_it_may_read(tmp_path: Path) -> None:
    async with (
        EmbeddedServer(scopes=["read:sessions"]) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        manifest = await export_event(sb, server.event_id, tmp_path)
        assert set(manifest.resources) == {"sessions"}
        assert set(manifest.refused) == set(RESOURCES) - {"sessions"}
        with pytest.raises(PermissionDeniedError, match="403"):
            await export_event(sb, server.event_id, tmp_path, only=["rooms", "tags"])


async def test_an_unknown_event_is_an_error(server: EmbeddedServer, sb: AsyncSession, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"older")
    with pytest.raises(NotFoundError, match="there is no such event"):
        await export_event(sb, 1, tmp_path)
    assert content(tmp_path) == {"manifest.json": b"older"}


# Progress


async def test_progress_is_reported_for_each_page(
    server: EmbeddedServer, sb: AsyncSession, tmp_path: Path
) -> None:
    seen: list[ExportProgress] = []
    manifest = await export_event(sb, server.event_id, tmp_path, on_progress=seen.append)
    assert tuple(manifest.resources) == RESOURCES
    for resource, summary in manifest.resources.items():
        steps = [progress for progress in seen if progress.resource == resource]
        total = summary.records
        assert len(steps) == summary.pages + 2
        written = [step.records for step in steps]
        assert (written[0], written[-2:]) == (0, [total, total])
        # Keyset pages after the first overlap by a few records, which are left out.
        assert all(90 <= after - before <= 100 for before, after in pairwise(written[:-2]))
        assert [step.total for step in steps] == [None, *[total] * (len(steps) - 1)]
        assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_concurrency_limits_the_resources_read_at_a_time(
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
