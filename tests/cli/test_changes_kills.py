"""The command changes may die before any change of its files: every change is printed all the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import pytest

from sessionboard_async.testing import EmbeddedServer
from tests.cli.command_line import run_at, run_killed

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork"),
    pytest.mark.shows_canaries,
    pytest.mark.slow,
]


def printed(text: str) -> set[tuple[str, str, str]]:
    changes = [json.loads(line) for line in text.splitlines()]
    return {(change["kind"], change["resource"], change["id"]) for change in changes}


@pytest.mark.parametrize("is_first", [True, False])
def test_the_command_may_die_before_any_change_of_a_file(tmp_path: Path, is_first: bool) -> None:
    names = ("contacts", "rooms", "levels")
    with EmbeddedServer(contacts=250, sessions=10, events=1).in_thread() as server:
        event = str(server.event_id)
        command = ["changes", event, "--only", ",".join(names), "--sweep-every", "0", "--cursor"]
        expected = {("upsert", name, id_) for name in names for id_ in server.ids(name)}
        if not is_first:
            (tmp_path / "earlier").mkdir()
            first = run_at(server, *command, str(tmp_path / "earlier" / "cursor.json"))
            assert printed(first.stdout) == expected
            gone = [("rooms", min(server.ids("rooms"))), ("levels", min(server.ids("levels")))]
            for name, id_ in gone:
                url = f"{server.base_url}/v1/event/{event}/{name}/{id_}"
                httpx.delete(url, headers={"x-access-token": server.token}).raise_for_status()
            expected = {("deleted", *one) for one in gone}

        run_killed(server, "prints", tmp_path, *command)

        folders = [path for path in tmp_path.iterdir() if path.is_dir() and path.name != "earlier"]
        assert len(folders) > 8
        for folder in folders:
            assert printed(folder.with_name(f"{folder.name}.jsonl").read_text(encoding="utf-8")) == expected
            assert run_at(server, *command, str(folder / "cursor.json")).stdout == ""
