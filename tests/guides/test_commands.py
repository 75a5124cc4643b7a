"""The shell commands of the README and the guides exist and work."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from sessionboard_async.cli.app import sessionboard as group
from sessionboard_async.testing import EmbeddedServer

SAVE = "python -m pip install -e '.[cli]' && sessionboard export 4630 --embedded --to export"
CHECK = "python -m pip install 'nox[uv]' && nox"


def sessionboard(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("sessionboard")
    return subprocess.run([script, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)


def test_the_readme_has_two_command_blocks(readme: str) -> None:
    assert re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL) == [f"{SAVE}\n", f"{CHECK}\n"]


def test_continuous_integration_finds_the_second_command(readme: str, root: Path) -> None:
    pattern = re.search(
        r"sed -n 's/\^\\\((.*)\\\)\$/\\1/p'", root.joinpath(".ci/run").read_text(encoding="utf-8")
    )
    assert pattern is not None
    assert re.findall(rf"^{pattern[1]}$", readme, re.MULTILINE) == [CHECK]


def test_the_extras_exist(everything: str, root: Path) -> None:
    project = tomllib.loads(root.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"(?:'\.|sessionboard-async)\[(\w+)\]'", everything))
    assert named == project["optional-dependencies"].keys()


def test_what_only_developers_need_is_in_no_extra(root: Path) -> None:
    pyproject = tomllib.loads(root.joinpath("pyproject.toml").read_text(encoding="utf-8"))
    extras = pyproject["project"]["optional-dependencies"].keys()
    assert extras == {"cli", "export", "redis", "speedups", "sqlite"}
    assert {"lint", "typecheck", "test", "bench", "dev"} <= pyproject["dependency-groups"].keys()


@pytest.mark.slow
@pytest.mark.usefixtures("no_variables")
def test_the_first_command_saves_the_event(tmp_path: Path) -> None:
    name, *arguments = shlex.split(SAVE.partition(" && ")[2])
    assert name == "sessionboard"
    result = sessionboard(*arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    manifest = json.loads((tmp_path / "export" / "manifest.json").read_bytes())
    assert len(manifest["resources"]) == 13
    for summary in manifest["resources"].values():
        lines = (tmp_path / "export" / summary["file"]).read_bytes().splitlines()
        assert len({json.loads(line)["id"] for line in lines}) == summary["reported"] > 0


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SESSIONBOARD_TOKEN", "SESSIONBOARD_REGION", "SESSIONBOARD_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_every_named_command_exists_with_its_options(everything: str) -> None:
    named: dict[str, set[str]] = {}
    for line in everything.splitlines():
        for command in re.findall(r"(?:`|&& |^)sessionboard (\w+)", line):
            named.setdefault(command, set()).update(re.findall(r"(?<=[` ])--[a-z-]+", line))
    assert named.keys() == group.commands.keys()
    for command, options in named.items():
        done = CliRunner().invoke(group, [command, "--help"])
        assert done.exit_code == 0, done.output
        assert options <= set(re.findall(r"--[a-z-]+", done.output))


def nox_sessions(root: Path, *selected: str) -> set[str]:
    noxfile = str(root / "noxfile.py")
    command = [sys.executable, "-m", "nox", "--list", "--json", "-f", noxfile, *selected]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    return {session["name"] for session in json.loads(listed.stdout)}


def test_nox_runs_all_checks_by_default(root: Path) -> None:
    assert {"lint", "types", "tests"} <= nox_sessions(root)


def test_nox_has_the_named_sessions(everything: str, root: Path) -> None:
    named = set(re.findall(r"nox -s (\w+)", everything))
    assert named == {"bench", "docs"}
    assert named == nox_sessions(root, "-s", *named)


def command_lines(text: str) -> list[str]:
    """Return the lines of the shell blocks of a text."""
    found = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line for block in found for line in block.splitlines()]


def test_shell_blocks_hold_known_commands(texts: dict[str, str]) -> None:
    lines = {line for name, text in texts.items() if name != "README" for line in command_lines(text)}
    assert {line.split()[0] for line in lines} == {"pip", "sessionboard"}
    assert {line for line in lines if line.startswith("pip")} == {"pip install sessionboard-async"}


@pytest.mark.slow
@pytest.mark.usefixtures("no_variables")
def test_the_commands_of_the_guides_succeed(
    texts: dict[str, str],
    sessionboard_server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SESSIONBOARD_TOKEN", sessionboard_server.token)
    monkeypatch.setenv("SESSIONBOARD_BASE_URL", sessionboard_server.base_url)
    for name, text in texts.items():
        for line in command_lines(text):
            if name != "README" and line.startswith("sessionboard"):
                done = CliRunner().invoke(group, shlex.split(line)[1:])
                assert done.exit_code == 0, f"{line}: {done.output}"
        for path in (tmp_path / "export", tmp_path / "event.db"):
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)
