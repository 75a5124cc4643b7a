"""The texts of the README and the guides, their Python blocks, and ways to run them."""

from __future__ import annotations

import gc
import io
import os
import re
import runpy
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from sessionboard_async.core.rate_limits.registry import forget_limiters
from sessionboard_async.testing import EmbeddedServer

ROOT = Path(__file__).parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    """The README and the guides, by their names without ``.md``."""
    files = [ROOT / "README.md", *sorted(ROOT.joinpath("sessionboard_async", "guides").glob("*.md"))]
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


@pytest.fixture(scope="session")
def readme(texts: dict[str, str]) -> str:
    return texts["README"]


@pytest.fixture(scope="session")
def everything(texts: dict[str, str]) -> str:
    """The README and the guides as one text."""
    return "\n".join(texts.values())


@pytest.fixture(scope="session")
def blocks(everything: str) -> dict[str, str]:
    """The Python blocks by their file names, which follow the word ``python``."""
    found = re.findall(r"^```python(.*)\n((?:.*\n)*?)^```$", everything, re.MULTILINE)
    names = [name.strip() for name, _ in found]
    assert all(re.fullmatch(r"\w+\.py", name) for name in names), names
    assert len(set(names)) == len(names), names
    return {name.strip(): source for name, source in found}


@pytest.fixture
def block(request: pytest.FixtureRequest, blocks: dict[str, str], tmp_path: Path) -> Path:
    """One block as a file, selected with ``@block(name)``."""
    path = tmp_path / str(request.param)
    path.write_text(blocks[request.param], encoding="utf-8")
    return path


@pytest.fixture
def run(
    sessionboard_server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Run a script as Python does, in this process, with the embedded server in the environment.

    Warnings are errors here as in all tests; a process of its own would take most of its time for imports.
    """
    monkeypatch.setenv("SESSIONBOARD_TOKEN", sessionboard_server.token)
    monkeypatch.setenv("SESSIONBOARD_BASE_URL", sessionboard_server.base_url)
    monkeypatch.chdir(tmp_path)

    def run_script(*arguments: str | Path, stdin: TextIO | None = None) -> subprocess.CompletedProcess[str]:
        script, *_ = command = [*map(str, arguments)]
        monkeypatch.setattr(sys, "argv", command)
        monkeypatch.setattr(sys, "stdin", stdin or io.StringIO())
        forget_limiters()
        capfd.readouterr()
        status = 0
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                sys.stderr.write(f"{end.code}\n")
        except Exception:  # noqa: BLE001  # Python prints any error that nothing catches
            status = 1
            traceback.print_exc()
        gc.collect()
        result = subprocess.CompletedProcess(command, status, *capfd.readouterr())
        assert sessionboard_server.token not in result.stdout + result.stderr
        return result

    return run_script


@pytest.fixture
def run_python(sessionboard_server: EmbeddedServer, tmp_path: Path) -> Run:
    """Run Python with warnings as errors, and the embedded server in the environment."""

    def run_process(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "SESSIONBOARD_TOKEN": sessionboard_server.token,
                "SESSIONBOARD_BASE_URL": sessionboard_server.base_url,
                "PYTHONUTF8": "1",
            },
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert sessionboard_server.token not in result.stdout + result.stderr
        return result

    return run_process
