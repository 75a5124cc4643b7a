"""The output of every command in every kind of terminal, as files.

After a change of some output: ``python -m tests.cli.golden``, and read what changed.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from click.testing import CliRunner

from sessionboard_async.cli.app import sessionboard
from sessionboard_async.testing import EmbeddedServer

FOLDER = Path(__file__).with_name("expected")

_TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "", "LINES": "24"}

MODES: dict[str, tuple[dict[str, str], str]] = {
    "piped": ({"COLUMNS": "80"}, "utf-8"),
    "piped-cp1252": ({"COLUMNS": "80"}, "cp1252"),
    "terminal-80": ({**_TERMINAL, "COLUMNS": "80"}, "utf-8"),
    "terminal-80-no-color": ({**_TERMINAL, "COLUMNS": "80", "NO_COLOR": "1"}, "utf-8"),
    "terminal-40": ({**_TERMINAL, "COLUMNS": "40"}, "utf-8"),
}
"""The variables and the encoding of each kind of terminal."""

_UNSET = dict.fromkeys(
    (
        *("SESSIONBOARD_TOKEN", "SESSIONBOARD_REGION", "SESSIONBOARD_BASE_URL"),
        *("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM", "LINES"),
    )
)
_MOST_LINES = 24


def commands(event: int, speaker: str, target: str) -> list[list[str]]:
    """Return the command lines that are run, each with its arguments."""
    few = ["--only", "rooms,levels"]
    return [
        ["events"],
        ["events", "--json"],
        ["check"],
        ["search", "speakers", f"{event}", "--limit", "3"],
        ["search", "rooms", f"{event}", "--limit", "2", "--json"],
        ["search", "sessions", f"{event}", "--limit", "2", "--columns", "title,room.name,starts_at"],
        ["get", "speakers", f"{event}", speaker],
        ["changes", f"{event}", "--cursor", f"{target}/cursor.json", "--only", "levels"],
        ["export", f"{event}", "--to", f"{target}/export", *few, "--no-progress"],
        ["export", f"{event}", "--to", f"{target}/export", *few, "--quiet"],
        ["sync", f"{event}", "--to", f"{target}/event.db", *few, "--no-progress"],
        ["endpoints"],
        ["completion", "bash"],
        ["export", f"{event}", "--to", f"{target}/export", "--only", "romms"],
        ["get", "sessions", f"{event}", "no-such-id"],
        ["search", "tracks", f"{event}", "--module", "session"],
        ["serve", "--limit", "20"],
    ]


def help_at(columns: int) -> str:
    """Return the help of all commands on a terminal of some width."""
    lines = [["--help"], *([name, "--help"] for name in sessionboard.commands)]
    variables = {"COLUMNS": f"{columns}"}
    return "".join(_run(line, variables, "utf-8", most=1000) for line in lines)


def by_command(text: str) -> dict[str, str]:
    """Return the parts of the help of all commands, by their command lines."""
    return {part.partition("\n")[0]: part for part in text.split("$ ") if part}


def output_in(mode: str, server: EmbeddedServer) -> str:
    """Return the output of all commands in a mode."""
    variables, encoding = MODES[mode]
    connection = {"SESSIONBOARD_BASE_URL": server.base_url, "SESSIONBOARD_TOKEN": server.token}
    command = ["search", "speakers", f"{server.event_id}", "--limit", "1"]
    found = CliRunner().invoke(sessionboard, command, env={**_UNSET, **connection})
    speaker = found.stdout.partition("\t")[0]
    with tempfile.TemporaryDirectory() as folder:
        lines = commands(server.event_id, speaker, folder)
        text = "".join(_run(line, variables | connection, encoding) for line in lines)
        text = text.replace(folder, "FOLDER")
    text = text.replace(server.base_url, "http://127.0.0.1:PORT")
    text = re.sub(r"\d+\.\d s\b", "0.1 s", text)
    # Those of all commands of this process count.
    text = re.sub(r"(?ms)^Rate limits:.*?(?=^Clock)", "Rate limits: LIMITS\n", text)
    return re.sub(r"embedded-\d{6}", "embedded-000001", text)


def _run(arguments: list[str], variables: dict[str, str], encoding: str, most: int = _MOST_LINES) -> str:
    result = CliRunner(charset=encoding).invoke(sessionboard, arguments, env={**_UNSET, **variables})
    parts = [f"$ sessionboard {' '.join(arguments)}\n"]
    for name, written in (("", result.stdout), ("! ", result.stderr)):
        lines = written.replace("\x1b", "␛").splitlines()
        # Resources are exported at the same time, and end in any order.
        is_export = arguments[0] == "export" and result.exit_code == 0
        ordered = sorted(lines[:-1]) + lines[-1:] if is_export else lines
        parts += [f"{name}{line}\n" for line in ordered[:most]]
        parts += [f"{name}[{len(lines) - most} more lines]\n"] * (len(lines) > most)
    return "".join([*parts, f"= {result.exit_code}\n\n"])


def _write() -> None:
    for columns in (80, 40):
        (FOLDER / f"help-{columns}.txt").write_text(help_at(columns), encoding="utf-8")
    with EmbeddedServer(sessions=3, hide_personal_data=True).in_thread() as server:
        for mode in MODES:
            (FOLDER / f"{mode}.txt").write_text(output_in(mode, server), encoding="utf-8")


if __name__ == "__main__":
    _write()
