"""The commands search, get and events --json: records as lines, tables and JSON."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from click.testing import CliRunner

from sessionboard_async.cli.app import sessionboard
from sessionboard_async.cli.records.columns import cell, validate_columns
from sessionboard_async.cli.records.searches import GETS, SEARCHES
from sessionboard_async.models import Session
from sessionboard_async.testing import EmbeddedServer
from tests.cli.command_line import one_error, run_at, usage_error, without_controls
from tests.cli.fixed_api import Api

# Records are data on stdout, with the addresses of people and of files.
pytestmark = pytest.mark.shows_canaries

ORGANIZATION = "00000000-0000-4000-8000-000000000001"


def lines(server: EmbeddedServer, resource: str, *arguments: str) -> list[str]:
    done = run_at(server, "search", resource, f"{server.event_id}", *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.splitlines()


def records(server: EmbeddedServer, resource: str, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(server, resource, "--json", *arguments)]


@pytest.mark.slow
def test_every_search_prints_lines_and_json(server: EmbeddedServer) -> None:
    for resource, command in SEARCHES.items():
        place = ORGANIZATION if resource == "org_contacts" else f"{server.event_id}"
        done = run_at(server, "search", resource.replace("_", "-"), place, "--limit", "2")
        printed = run_at(server, "search", resource, place, "--limit", "2", "--json")
        if resource == "org_contacts":
            assert f"/v1/organization/{place}/contacts" in one_error(done)
            continue
        assert (done.exit_code, printed.exit_code) == (0, 0), (resource, done.stderr, printed.stderr)
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        assert len(rows) == 2
        assert {len(row) for row in rows} == {len(command.columns)}
        sent = [json.loads(line) for line in printed.stdout.splitlines()]
        first = command.columns[0]
        assert [row[0] for row in rows] == [record[first] for record in sent]


def test_filters_sort_and_limit_reach_the_api(server: EmbeddedServer) -> None:
    found = records(server, "sessions", "--status", "accepted", "--no-abstracts", "--sort", "-created_at")
    assert found
    assert {(record["status"], record["is_abstract"]) for record in found} == {("accepted", False)}
    times = [record["created_at"] for record in found]
    assert times == sorted(times, reverse=True)
    assert records(server, "sessions", "--created-after", "2999-01-01T00:00Z") == []
    assert len(records(server, "sessions", "--limit", "1")) == 1
    custom = records(server, "fields", "--source", "custom", "--module", "session")
    assert {record["field_source"] for record in custom} == {"custom"}
    expanded = records(server, "sessions", "--limit", "1", "--expand", "translated_fields,composition")
    assert "translated_fields" in expanded[0]


def test_columns_are_fields_of_the_record_and_its_parts(server: EmbeddedServer) -> None:
    (record,) = records(server, "sessions", "--limit", "1")
    columns = ["--columns", "title, room.name", "--columns", "speakers.full_name,custom.audience,starts_at"]
    (line,) = lines(server, "sessions", "--limit", "1", *columns)
    custom = {field["internal_name"]: field["value"] for field in record["custom_fields"]}
    assert line.split("\t") == [
        record["title"],
        record["room"]["name"],
        ", ".join(speaker["full_name"] for speaker in record["speakers"]),
        custom["audience"],
        record["starts_at"].replace(".000Z", "Z"),
    ]


def test_columns_of_any_record() -> None:
    record = Session.from_dict(
        {
            "id": "s",
            "title": "A\tB",
            "is_public": True,
            "track": "Data",
            "tags": [{"name": "AI"}, {"id": "t2"}],
            "custom_fields": [
                {"internal_name": "stage", "value": ["a", 2]},
                {"key": "x", "value": {"a": None}},
            ],
        }
    )
    shown = {name: cell(record, name) for name in ("is_public", "track", "room.name", "tags", "custom.stage")}
    assert shown == {
        "is_public": "true",
        "track": "Data",
        "room.name": "",
        "tags": "AI, t2",
        "custom.stage": "a, 2",
    }
    assert cell(record, "custom.x") == '{"a":null}'
    assert cell(record, "custom.y") == ""
    for wrong, meant in (
        ("titel", "did you mean 'title'"),
        ("speakers.full", "full_name"),
        ("title.x", "parts"),
    ):
        with pytest.raises(ValueError, match=meant):
            validate_columns(Session, [wrong])
    validate_columns(Session, ["custom_fields.value.anything", "custom.anything"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sesions", "1"], "no such resource: 'sesions'. Choose from sessions, "),
        (["sesions", "1"], "did you mean 'sessions'?"),
        (
            ["tracks", "1", "--module", "session", "--deleted-after", "2026-01-01T00:00Z"],
            "--module, --deleted-after: not for tracks",
        ),
        (["tracks", "1", "--sort", "deleted_at"], "sort must be one of created_at"),
        (["sessions", "1", "--columns", "titel"], "Invalid value for '--columns': no such column: 'titel'"),
        (["sessions", "1", "--json", "--columns", "title"], "exclude each other"),
        (["sessions", ".."], "Invalid value for 'EVENT'"),
        (["sessions", "1", "--created-after", "yesterday"], "not a time with its time zone"),
        (["sessions", "1", "--expand", "compositon"], "did you mean 'composition'?"),
    ],
)
def test_wrong_usage_of_search_sends_nothing(
    server: EmbeddedServer, arguments: list[str], message: str
) -> None:
    assert message in usage_error(run_at(server, "search", *arguments))
    assert not server.requests


def test_get_prints_one_record(server: EmbeddedServer) -> None:
    event = f"{server.event_id}"
    for resource in ("sessions", "speakers", "contacts", "sponsors", "exhibitors"):
        (sent,) = records(server, resource, "--limit", "1")
        done = run_at(server, "get", resource, event, sent["id"])
        assert (done.exit_code, done.stderr) == (0, "")
        printed = json.loads(done.stdout)
        assert printed["id"] == sent["id"]
        assert done.stdout.startswith("{\n  ")
    expanded = run_at(
        server, "get", "sessions", event, records(server, "sessions")[0]["id"], "--expand", "composition"
    )
    assert expanded.exit_code == 0
    assert set(GETS) >= {"agenda_drafts", "transcriptions", "rules", "personas", "org_contacts"}


def test_errors_of_get_show_the_ids_that_were_given(server: EmbeddedServer) -> None:
    message = one_error(run_at(server, "get", "sessions", f"{server.event_id}", "no-such-id"))
    assert f"Error: GET /v1/event/{server.event_id}/sessions/no-such-id: 404 " in message
    assert "no such resource: 'room'" in usage_error(run_at(server, "get", "room", "1", "2"))
    assert "use 'sessionboard search rooms EVENT'." in usage_error(run_at(server, "get", "rooms", "1", "2"))
    assert "--expand: not for rules" in usage_error(
        run_at(server, "get", "rules", "1", "2", "--expand", "composition")
    )


def test_events_as_json(server: EmbeddedServer) -> None:
    done = run_at(server, "events", "--json")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == list(server.event_ids)
    assert "features" in done.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_json_is_valid_in_every_encoding_and_controls_no_terminal(api: Api, encoding: str) -> None:
    hostile = "A\x1b[2J\x9b31m\u202e\u2028 東京 é 🎤"
    api.list({"id": "r", "name": hostile})
    runner = CliRunner(charset=encoding)
    for command in (["search", "rooms", "1", "--json"], ["events", "--json"]):
        done = runner.invoke(sessionboard, command, env=dict(api.variables))
        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout)["name"] == hostile
        assert all(part.isprintable() for part in done.stdout.splitlines())
        assert ("東京" in done.stdout) is (encoding == "utf-8")


def test_a_table_fits_the_terminal_and_keeps_ids_whole(server: EmbeddedServer) -> None:
    (record,) = records(server, "sessions", "--limit", "1")
    for width in (200, 80, 40):
        where = {"SESSIONBOARD_BASE_URL": server.base_url, "SESSIONBOARD_TOKEN": server.token}
        arguments = ["search", "sessions", f"{server.event_id}", "--limit", "1"]
        env = {**where, "COLUMNS": f"{width}", "FORCE_COLOR": "1"}
        done = CliRunner().invoke(sessionboard, arguments, env=env)
        shown = without_controls(done.stdout)
        assert record["id"] in shown
        assert ("┃" in shown) is (width >= 80)
        assert "title" in shown
    assert io.StringIO(shown).readline() == f"{record['id']}\n"
