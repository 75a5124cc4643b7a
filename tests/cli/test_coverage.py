"""The command that lists the operations of the API."""

from __future__ import annotations

import re

import msgspec
import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.core.endpoint import ENDPOINTS
from tests.cli.command_line import run, without_controls


def test_endpoints_lists_each_operation_with_its_method() -> None:
    done = run("endpoints")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [
        "search-sessions",
        "POST",
        "/v1/event/{event_id}/sessions",
        "sessions.search",
        "read:sessions",
        "",
    ] in lines
    assert sorted(line[0] for line in lines) == sorted(ENDPOINTS)


@pytest.mark.parametrize("columns", [40, 80, 200, 300])
@pytest.mark.untraced
def test_endpoints_are_not_truncated_to_the_width_of_a_terminal(columns: int) -> None:
    done = run("endpoints", FORCE_COLOR="1", TERM="xterm-256color", COLUMNS=str(columns))
    assert done.exit_code == 0
    assert done.stdout != (shown := without_controls(done.stdout))
    assert ("┃" in shown) == (columns == 300)
    for operation, endpoint in ENDPOINTS.items():
        assert re.search(rf"\b{operation}\b", shown)
        assert f"{endpoint.path} " in shown or f"{endpoint.path}\n" in shown


def test_endpoints_as_json() -> None:
    done = run("endpoints", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    sb = AsyncSession("a-token")
    for covered in msgspec.json.decode(done.stdout):
        endpoint = ENDPOINTS[covered["operation"]]
        assert (covered["method"], covered["path"]) == (endpoint.method, endpoint.path)
        assert (covered["scope"], covered["limit"]) == (endpoint.scope, endpoint.limit)
        service, method = covered["calls"].split(".")
        assert callable(getattr(getattr(sb, service), method))
