"""The command check: events, scopes, limits and clocks."""

from __future__ import annotations

import json

from sessionboard_async.testing import EmbeddedServer, ServerLimits
from tests.cli.command_line import one_error, run, run_at
from tests.cli.fixed_api import Api


def test_check_lists_events_and_scopes(server: EmbeddedServer) -> None:
    token = server.issue_token(scopes=["read:events", "read:sessions"])
    done = run("check", "--token", token, "--base-url", server.base_url)
    assert (done.exit_code, done.stderr) == (0, "")
    first, *others = done.stdout.splitlines()
    assert first == f"The token works at the given address ({server.base_url}): it can read 2 events."
    assert others[0].startswith(f"  {server.event_id}  ")
    assert f"Scopes for reading, tried on event {server.event_id}:" in others
    assert "  read:sessions  yes" in others
    (refused,) = [line for line in others if line.startswith("  read:contacts  no: ")]
    assert "403" in refused
    assert "Clock: this computer and the API agree." in others


def test_check_as_json(server: EmbeddedServer) -> None:
    done = run_at(server, "check", "--json")
    found = json.loads(done.stdout)
    assert found["base_url"] == server.base_url
    assert [event["id"] for event in found["events"]] == list(server.event_ids)
    assert {scope["scope"]: scope["allowed"] for scope in found["scopes"]} == dict.fromkeys(
        ["read:events", "read:sessions", "read:contacts", "read:transcriptions", "read:insights"], True
    )
    assert abs(found["clock_difference"]) < 3


def test_check_shows_the_limits_in_force() -> None:
    with EmbeddedServer(
        sessions=1, limits=ServerLimits(requests=50, window=900, searches=True)
    ).in_thread() as server:
        done = run_at(server, "check")
    assert done.exit_code == 0, done.stderr
    assert "  search-sessions  49 of 50 requests left until " in done.stdout


def test_check_without_events_and_with_a_wrong_clock(api: Api) -> None:
    api.list()
    api.headers = {"Date": "Sat, 01 Aug 2020 12:00:00 GMT"}
    done = api.run("check")
    assert done.exit_code == 0
    assert "it can read 0 events." in done.stdout
    assert "  read:sessions  not known: there is no event to try it on" in done.stdout
    assert " s ahead of the API." in done.stdout
    api.headers = {"Date": "Sat, 01 Aug 2099 12:00:00 GMT"}
    assert " s behind the API." in api.run("check").stdout


def test_check_with_a_token_that_may_not_list_events(api: Api) -> None:
    api.status, api.body = 403, {"error": "ForbiddenError", "message": "Missing read:events scope"}
    done = api.run("check")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "it can read 0 events." in done.stdout
    assert "  read:events  no: GET /v1/events: 403 ForbiddenError: Missing read:events scope" in done.stdout
    assert "Clock: the API does not send its time." in done.stdout
    api.body = "<html>"
    assert "403" in one_error(api.run("check"))
