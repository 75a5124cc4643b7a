"""Await at the top level of IPython, one client over several cells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_cells_await_with_one_client(sessionboard_server: EmbeddedServer, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "IPYTHONDIR": str(tmp_path),
        "SESSIONBOARD_TOKEN": sessionboard_server.token,
        "SESSIONBOARD_BASE_URL": sessionboard_server.base_url,
    }
    script = NOTEBOOK.format(cells=CELLS)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("Open Shelves Conference 2026 3 ")
    assert second == "True"
