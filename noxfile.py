"""The checks of the project: `nox` runs lint, types and tests; `nox -s bench` measures."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "coverage"]

SUPPORTED = ("3.11", "3.12", "3.13")
MEASURED_BESIDE = ("aiolimiter>=1.2", "httpx>=0.28", "pydantic>=2.11", "matplotlib>=3.10")


def interpreters() -> list[str]:
    """Find each supported Python, on the path or among those that pyenv keeps beside it."""
    found = []
    for version in SUPPORTED:
        candidates = [f"python{version}", *(str(path) for path in _kept_by_pyenv(version))]
        found += [next((candidate for candidate in candidates if _runs(candidate)), version)]
    return found


def _runs(python: str) -> bool:
    path = shutil.which(python)
    # A shim of pyenv is on the path even where the Python behind it is not chosen.
    return path is not None and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0


def _kept_by_pyenv(version: str) -> list[Path]:
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return []
    root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout.strip()
    return sorted(Path(root, "versions").glob(f"{version}.*/bin/python"), reverse=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff>=0.12")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, with two checkers."""
    session.install("-e", ".[dev]", *MEASURED_BESIDE)
    session.run("mypy")
    session.run("pyright")


ALL = interpreters()


@nox.session(python=ALL)
def tests(session: nox.Session) -> None:
    """Run the tests, and collect which branches they take."""
    session.install("-e", ".[dev]")
    if session.python == ALL[0]:
        # What an aborted run left behind would be counted too.
        session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Fail where the tests leave too many branches untaken."""
    session.install("coverage[toml]>=7.10")
    session.run("coverage", "combine")
    session.run("coverage", "report", "--fail-under=95")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, as ratios within one run; writes the table, the figures and the chart."""
    session.install("-e", ".[cli,speedups]", *MEASURED_BESIDE)
    session.run("python", "-m", "benchmarks", *session.posargs)
