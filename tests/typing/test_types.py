"""The types refuse wrong calls, and the typing examples cover every method."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sessionboard_async.services import load_services

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

REFUSED = {
    'sb.sessions.search(4630, status="accpeted")': "arg-type",
    'sb.sessions.search(4630, sort="title")': "arg-type",
    'sb.sessions.search(4630, sort="deleted_at")': "arg-type",
    'sb.sessions.search(4630, expand="composition")': "arg-type",
    'sb.sessions.search(4630, expand=["speakers"])': "list-item",
    'sb.sessions.search(4630, colour="red")': "call-arg",
    'sb.sessions.search(4630, deleted_after="2026-08-01T12:00:00Z")': "call-arg",
    "sb.sessions.search(4630, updated_after=1754006400)": "arg-type",
    'sb.sessions.search(4630, page_size="100")': "arg-type",
    'sb.sessions.search(4630, on_invalid="drop")': "arg-type",
    'sb.sessions.search(4630, "accepted")': "call-arg",
    "sb.sessions.search()": "call-arg",
    "await sb.sessions.search(4630)": "misc",
    "[talk for talk in sb.sessions.search(4630)]": "attr-defined",
    "sb.sessions.search(4630).into(Contact())": "arg-type",
    "(await sb.sessions.search(4630).into(Contact).collect())[0].room": "attr-defined",
    "(await sb.sessions.search(4630).first()).title": "union-attr",
    "await sb.sessions.get(4630)": "call-arg",
    "await sb.sessions.get(4630, None)": "arg-type",
    "await sb.sessions.get(4630, Contact())": "arg-type",
    "await sb.rooms.delete(None, 'an-id')": "arg-type",
    "await sb.sessions.update(4630, 'an-id', room_id=Contact())": "arg-type",
    "(await sb.sessions.get(4630, 'an-id')).titel": "attr-defined",
    "(await sb.sessions.get(4630, 'an-id')).starts_at.year": "union-attr",
    "(await sb.sessions.get(4630, 'an-id')).title = 'Keynote'": "misc",
    'sb.rooms.list(4630, status="accepted")': "call-arg",
    'sb.fields.search(4630, module="room")': "arg-type",
    "sb.org_contacts.search(4630)": "arg-type",
    "sb.speakers.list(4630)": "attr-defined",
    "await sb.rooms.create(4630, capacity=3)": "call-arg",
    "await sb.rooms.create(4630, name=None)": "arg-type",
    'await sb.tags.update(4630, "an-id", capacity=3)': "call-arg",
    'await sb.sessions.create(4630, title="A", starts_at=5)': "arg-type",
    'await sb.sessions.update(4630, Contact(), title="A")': "arg-type",
    'await sb.sessions.bulk(4630, ["an-id"])': "list-item",
    'await sb.insights.execute("FIND Session")': "misc",
    'AsyncSession("TOKEN", region="ap")': "arg-type",
    "AsyncSession(timeout=5)": "arg-type",
    "sb.with_options(retry=5)": "arg-type",
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the codes of mypy's errors for each expression; one run for all."""
    head = [
        "from sessionboard_async import AsyncSession",
        "from sessionboard_async.models import Contact",
        "async def refused(sb: AsyncSession) -> None:",
    ]
    source = tmp_path_factory.mktemp("types") / "refused.py"
    source.write_text("\n".join([*head, *(f"    {line}" for line in REFUSED)]), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", source],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    found: dict[str, list[str]] = {line: [] for line in REFUSED}
    for number, code in re.findall(r"refused\.py:(\d+): error: .*\[([\w-]+)\]$", result.stdout, re.MULTILINE):
        found[list(REFUSED)[int(number) - len(head) - 1]].append(code)
    assert result.returncode == 1, result.stdout + result.stderr
    return found


@pytest.mark.parametrize("line", REFUSED)
def test_a_wrong_call_is_refused(line: str, verdicts: dict[str, list[str]]) -> None:
    assert REFUSED[line] in verdicts[line]


def test_every_method_of_every_service_is_looked_at() -> None:
    calls = {
        f"{node.value.attr}.{node.attr}"
        for name in ("reads.py", "writes.py")
        for node in ast.walk(ast.parse((HERE / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)
    }
    assert {
        f"{name}.{method}"
        for name, service in load_services().items()
        for method, _ in inspect.getmembers(service, inspect.isfunction)
        if not method.startswith("_")
    } <= calls
