"""IPython: await at the top level with one client over several cells, and completion of what is typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sessionboard_async.services import load_service
from sessionboard_async.testing import EmbeddedServer

pytest.importorskip("IPython")

pytestmark = [pytest.mark.slow, pytest.mark.untraced]

CELLS = (
    "from sessionboard_async import AsyncSession\nsb = AsyncSession()",
    "event = await sb.events.list().first()",
    "talks = await sb.sessions.search(event).collect(limit=3)",
    "async for room in sb.rooms.list(event):\n    break",
    "print(event.name, len(talks), room.name)",
    "await sb.aclose()",
    "print(sb.closed)",
)
NOTEBOOK = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(colors="nocolor")
for cell in {cells!r}:
    shell.run_cell(cell, store_history=True).raise_error()
"""
COMPLETIONS = """
import json
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell("from sessionboard_async import AsyncSession\\nsb = AsyncSession()").raise_error()
shell.Completer.use_jedi = {use_jedi!r}
shell.Completer.evaluation = "limited"
with provisionalcompleter():
    for text in {texts!r}:
        print(json.dumps([one.text.lstrip(".") for one in shell.Completer.completions(text, len(text))]))
"""


def methods(service: str) -> set[str]:
    return {name for name in dir(load_service(service)) if not name.startswith("_")}


EXPECTED: dict[str, set[str]] = {
    "sb.ses": {"sessions"},
    "sb.sessions.": methods("sessions"),
    "sb.org_contacts.": methods("org_contacts"),
    "sb.sessions.search(4630, cre": {"created_after=", "created_before="},
    "sb.sessions.search(4630, exp": {"expand="},
    "sb.sessions.list(4630, tra": {"track_id="},
    "sb.sessions.create(4630, tit": {"title="},
    "sb.rooms.update(4630, 'a', cap": {"capacity="},
    "sb.insights.execute('FIND Session', event": {"event_id=", "event_ids="},
    "AsyncSession(reg": {"region="},
}
BY_TYPES: dict[str, set[str]] = {
    "sb.with_resp": {"with_response"},
    "sb.with_response.ses": {"sessions"},
    "sb.with_response.rooms.": {"create", "delete", "update"},
    "sb.with_response.sessions.create(4630, tit": {"title="},
    "sb.limits.": {"snapshot"},
}
"""What only jedi completes: IPython evaluates no property."""


def environment(server: EmbeddedServer, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "IPYTHONDIR": str(folder),
        "SESSIONBOARD_TOKEN": server.token,
        "SESSIONBOARD_BASE_URL": server.base_url,
    }


@pytest.mark.parametrize("use_jedi", [True, False], ids=["with jedi", "without jedi"])
def test_services_methods_and_keywords_are_completed(
    sessionboard_server: EmbeddedServer, tmp_path: Path, use_jedi: bool
) -> None:
    expected = {**EXPECTED, **BY_TYPES} if use_jedi else EXPECTED
    script = COMPLETIONS.format(use_jedi=use_jedi, texts=[*expected])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(sessionboard_server, tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    # Among keywords, Python's own names and magics that begin in the same way are listed too.
    shown = {
        text: {name for name in names if "(" not in text or name.endswith("=")}
        for text, names in zip(expected, found, strict=True)
    }
    assert shown == expected
    assert not sessionboard_server.requests


def test_cells_await_with_one_client(sessionboard_server: EmbeddedServer, tmp_path: Path) -> None:
    script = NOTEBOOK.format(cells=CELLS)
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env=environment(sessionboard_server, tmp_path), capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("Open Shelves Conference 2026 3 ")
    assert second == "True"
