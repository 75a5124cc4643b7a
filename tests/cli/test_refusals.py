"""Resources that the API refuses, answers that are not the API's, and the exit status for each."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from click.testing import Result

from sessionboard_async.export.manifest import Manifest
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.cli.command_line import one_error, run_at, run_forked
from tests.support.http_server import TOKEN, Handler, HttpServer

Serve = Callable[[Handler], Awaitable[HttpServer]]

NOT_READ = "Not read: rooms. Select others with --only, or use --allow-refused.\n"


def refuse(server: EmbeddedServer, *resources: str, status: int = 403) -> None:
    for resource in resources:
        server.faults.append(Fault("status", every=1, status=status, operation=f"search-{resource}"))


def export(server: EmbeddedServer, directory: Path, *arguments: str, only: str = "rooms,tracks") -> Result:
    command = ["export", f"{server.event_id}", "--to", str(directory), "--only", only]
    return run_at(server, *command, *arguments)


def sync(server: EmbeddedServer, path: Path, *arguments: str) -> Result:
    command = ["sync", f"{server.event_id}", "--to", str(path), "--only", "rooms,tracks"]
    return run_at(server, *command, *arguments)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def rooms_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        (count,) = database.execute("SELECT count(*) FROM rooms").fetchone()
    assert isinstance(count, int)
    return count


def test_an_export_without_the_event_itself_ends_with_a_warning(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    server.faults.append(Fault("status", every=1, status=403, operation="list-events"))
    done = export(server, tmp_path)
    assert done.exit_code == 0
    (line,) = (line for line in done.stderr.splitlines() if "Warning" in line)
    assert line.startswith("Warning: the event's name and time zone were not read: GET /v1/events: 403 ")


@pytest.mark.parametrize("again", [False, True], ids=["fresh", "over an earlier export"])
@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_an_export_with_refused_resources_ends_with_status_3(
    server: EmbeddedServer, tmp_path: Path, status: int, again: bool
) -> None:
    if again:
        assert export(server, tmp_path).exit_code == 0
    before = contents(tmp_path)
    refuse(server, "rooms", status=status)
    done = export(server, tmp_path)
    assert done.exit_code == 3, done.output
    assert re.search(rf"^Warning: rooms were refused: .*{status}", done.stderr, re.MULTILINE)
    assert ("rooms.jsonl is from an earlier export" in done.stderr) is again
    assert done.stderr.endswith(NOT_READ)
    assert "records in 1 files" in done.stderr
    manifest = msgspec.json.decode((tmp_path / "manifest.json").read_bytes(), type=Manifest)
    assert ([*manifest.resources], [*manifest.refused]) == (["tracks"], ["rooms"])
    assert [*manifest.earlier] == ["rooms"] * again
    assert contents(tmp_path).get("rooms.jsonl") == before.get("rooms.jsonl")


def test_an_export_accepts_refused_resources_on_request(server: EmbeddedServer, tmp_path: Path) -> None:
    refuse(server, "rooms")
    done = export(server, tmp_path, "--allow-refused")
    assert done.exit_code == 0
    assert re.search(r"^Warning: rooms were refused: .*403", done.stderr, re.MULTILINE)
    assert "Not read" not in done.stderr
    assert contents(tmp_path).keys() == {"tracks.jsonl", "manifest.json"}


@pytest.mark.parametrize("arguments", [(), ("--allow-refused",)])
def test_an_export_of_which_everything_is_refused_is_an_error(
    server: EmbeddedServer, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert export(server, tmp_path).exit_code == 0
    before = contents(tmp_path)
    refuse(server, "rooms", "tracks")
    assert "403" in one_error(export(server, tmp_path, *arguments))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_sync_with_refused_resources_ends_with_status_3(
    server: EmbeddedServer, tmp_path: Path, status: int
) -> None:
    path = tmp_path / "event.db"
    assert sync(server, path).exit_code == 0
    rooms = rooms_in(path)
    refuse(server, "rooms", status=status)
    done = sync(server, path)
    assert done.exit_code == 3, done.output
    assert re.search(rf"^Warning: rooms were refused: .*{status}", done.stderr, re.MULTILINE)
    assert done.stderr.endswith(NOT_READ)
    assert f"{path} holds" in done.stderr
    assert rooms_in(path) == rooms > 0
    assert sync(server, path, "--allow-refused").exit_code == 0


# Answers that are not the API's, or no answers


@pytest.mark.parametrize("again", [False, True], ids=["fresh", "over an earlier export"])
@pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
def test_a_page_of_a_firewall_is_an_error_that_allow_refused_does_not_accept(
    server: EmbeddedServer, tmp_path: Path, status: int, again: bool
) -> None:
    if again:
        assert export(server, tmp_path).exit_code == 0
    before = contents(tmp_path)
    server.faults.append(Fault("html", every=1, status=status, operation="search-rooms"))
    done = export(server, tmp_path, "--allow-refused")
    assert done.exit_code == 1, done.output
    assert f"Error: POST /v1/event/{server.event_id}/rooms: " in done.stderr
    assert contents(tmp_path) == before


@pytest.mark.anyio
@pytest.mark.parametrize("null", [{"results": None}, {"data": None}], ids=["results", "data"])
async def test_null_instead_of_records_is_an_error(
    serve: Serve, tmp_path: Path, null: dict[str, object]
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(null)

    server = await serve(answer)
    (tmp_path / "rooms.jsonl").write_bytes(b"earlier\n")
    arguments = ["export", "1", "--to", f"{tmp_path}", "--only", "rooms", "--allow-refused"]
    variables = {"SESSIONBOARD_BASE_URL": server.base_url, "SESSIONBOARD_TOKEN": TOKEN}
    code, output, errors = await asyncio.to_thread(run_forked, *arguments, **variables)
    assert (code, output) == (1, "")
    assert "Error: " in errors
    assert contents(tmp_path) == {"rooms.jsonl": b"earlier\n"}


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_page_of_a_firewall_is_an_error_of_a_sync(
    server: EmbeddedServer, tmp_path: Path, status: int
) -> None:
    path = tmp_path / "event.db"
    assert sync(server, path).exit_code == 0
    rooms = rooms_in(path)
    server.faults.append(Fault("html", every=1, status=status, operation="search-rooms"))
    done = sync(server, path, "--allow-refused")
    assert done.exit_code == 1, done.output
    assert f"Error: POST /v1/event/{server.event_id}/rooms: " in done.stderr
    assert rooms_in(path) == rooms > 0
