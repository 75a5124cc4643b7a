"""The checks of the project.

``nox`` runs lint, types and the fast tests with coverage on the running Python. ``nox -s tests_all`` runs
every test on every supported Python that is found. ``nox -s wheel`` builds, checks and tries the package as
users get it. ``nox -s mutants`` changes the code to see whether a test fails. ``nox -s schemathesis`` sends
generated requests to the embedded server. ``nox -s docs`` builds the site.
``nox -s bench`` measures.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|venv"
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
nox.options.sessions = ["lint", "types", "tests"]

SUPPORTED = ("3.11", "3.12", "3.13")
PYPROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = "cli,redis,speedups,sqlite"
EVERY_EXTRA = ("-e", f".[{EXTRAS}]")
DIST = Path("dist").resolve()
# Generated examples: 20 a test here, 50 in tests_all.
FAST = ("-m", "not slow", "--hypothesis-profile", "fast")
AFTER_TESTS = "--after-tests"
# Tests start many a Python: each of them would compile all that it imports where bytecode is not kept.
KEEP_BYTECODE = {"PYTHONDONTWRITEBYTECODE": None}
# Tests differ much in length: idle workers take over tests of busy ones.
IN_PARALLEL = ("-n", "auto", "--dist", "worksteal")


def group(*names: str) -> tuple[str, ...]:
    """Read the requirements of dependency groups: pip installs groups only since 25.1."""
    return nox.project.dependency_groups(PYPROJECT, *names)


def interpreters() -> list[str]:
    """Find each supported Python, on the path or among those that pyenv installed."""
    found = []
    for version in SUPPORTED:
        candidates = [f"python{version}", *(str(path) for path in _installed_by_pyenv(version))]
        found += [next((candidate for candidate in candidates if _runs(candidate)), version)]
    return found


def _runs(python: str) -> bool:
    path = shutil.which(python)
    # pyenv puts a shim on the path even for a Python that is not selected; the shim fails.
    return path is not None and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0


def _installed_by_pyenv(version: str) -> list[Path]:
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return []
    root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout.strip()
    return sorted(Path(root, "versions").glob(f"{version}.*/bin/python"), reverse=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, with two checkers."""
    session.install(*EVERY_EXTRA, *group("test", "bench"))
    # Each of them uses one core.
    with ThreadPoolExecutor() as checkers:
        for checked in [checkers.submit(session.run, checker) for checker in ("mypy", "pyright")]:
            checked.result()


@nox.session
def tests(session: nox.Session) -> None:
    """Run the fast tests on the running Python, and fail where too many branches are not taken."""
    session.install(*EVERY_EXTRA, *group("test"))
    session.run("coverage", "erase")
    arguments = (*FAST, *IN_PARALLEL, *session.posargs)
    session.run("coverage", "run", "-m", "pytest", *arguments, env=KEEP_BYTECODE)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", "--fail-under=95")


@nox.session(python=interpreters())
def tests_all(session: nox.Session) -> None:
    """Run every test, slow ones included, on every supported Python that is found.

    ``-- --after-tests`` leaves out the fast tests where the session ``tests`` has just run them.
    """
    session.install(*EVERY_EXTRA, *group("test", "docs"))
    arguments = list(session.posargs)
    if AFTER_TESTS in arguments:
        arguments.remove(AFTER_TESTS)
        show_version = "import sys; print(sys.version_info[:2])"
        version = session.run("python", "-c", show_version, silent=True)
        if str(version).strip() == str(sys.version_info[:2]):
            arguments += ["-m", "slow"]
    session.run("pytest", *IN_PARALLEL, *arguments, env=KEEP_BYTECODE)


@nox.session
def build(session: nox.Session) -> None:
    """Build the sdist and the wheel into the folder dist, and check their metadata and contents."""
    session.install(*group("build"))
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST))
    session.run("twine", "check", "--strict", *map(str, DIST.iterdir()))
    session.run("python", "tests/packaging/contents.py", str(DIST))


@nox.session(requires=["build"])
def wheel(session: nox.Session) -> None:
    """Install the wheel into a fresh environment, run the README's first script, and check public types."""
    (built,) = DIST.glob("*.whl")
    session.install(str(built))
    session.run("python", "tests/packaging/first_script.py")
    # Public types refer to types of the extras and of pytest.
    session.install(f"sessionboard-async[{EXTRAS}] @ {built.as_uri()}", *group("typecheck"), "pytest")
    with session.chdir(session.create_tmp()):
        session.run("pyright", "--verifytypes", "sessionboard_async", "--ignoreexternal")


@nox.session
def docs(session: nox.Session) -> None:
    """Build guides and reference as a site; fail on warnings, broken links and public names without an entry.

    The site is written to the folder ``site``; after ``--``, name another one.
    """
    session.install(*EVERY_EXTRA, *group("docs"))
    session.run("python", ".docs/build.py", *(session.posargs or ["site"]))


@nox.session
def mutants(session: nox.Session) -> None:
    """Change single expressions of the pure modules, and fail where too few changes fail a test.

    A sample of all modules; after ``--``, name modules (``core/retry.py``) or pass ``--all``.
    """
    session.install(*EVERY_EXTRA, *group("test", "mutants"))
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def schemathesis(session: nox.Session) -> None:
    """Send requests generated from the API's document to the embedded server for ten minutes.

    After ``--``, ``--seconds`` sets another duration.
    """
    session.install("-e", ".", *group("schemathesis"))
    session.run("python", "-m", "tests.contract.schemathesis", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, as ratios within one run; write the table, the figures and the chart."""
    session.install("-e", ".[cli,speedups]", *group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)
