"""Runs of mutmut over one module, each in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

from tests.mutants.data import PACKAGE, ROOT, Module

Outcome = Literal["noticed", "survived", "time out", "equivalent"]

_WORK = ROOT / "build" / "mutants"
_PYTEST = [
    *("-p", "tests.mutants.generated", "--hypothesis-profile=mutants"),
    *("-m", "not slow", "-p", "no:cacheprovider"),
    # The tests are imported before pytest could rewrite their assertions.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
]
_NO_TEST_RUN = {5, 33}
# The signal for used up processor time, in the forms it is reported, and its successor that cannot be caught.
_STOPPED = {-24, -9, 24, 36, 152}
_NOTICED = {1, 2, 3, -11}


def work_folder(module: Module) -> Path:
    """Make an empty work folder with the sources and mutmut's configuration."""
    folder = _WORK / module.name.removesuffix(".py").replace("/", ".")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in (PACKAGE, "tests"):
        folder.joinpath(name).symlink_to(ROOT / name)
    settings = {
        "source_paths": [PACKAGE],
        "only_mutate": [module.path.as_posix()],
        "pytest_add_cli_args": _PYTEST,
        "pytest_add_cli_args_test_selection": module.files(),
        # Each change starts from a process in which the tests were imported, but neither run nor collected:
        # pytest changes the names of some tests when it collects them again (backslashes are doubled).
        "process_isolation": "forkserver",
        "forkserver_warmup": "import",
        "preload_modules_file": "preload.txt",
        # A busy machine is slow, which is no failure of a test.
        "timeout_constant": 10,
        "timeout_multiplier": 5,
        "use_git_change_detection": False,
    }
    preloaded = [path.removesuffix(".py").replace("/", ".") for path in module.files()]
    # As in a run of the tests, all operations are declared before the tests are imported.
    first = ["tests.conftest", "tests.support.coverage_hooks", "tests.mutants.generated"]
    folder.joinpath("preload.txt").write_text("\n".join([*first, *preloaded]), "utf-8")
    text = ROOT.joinpath("pyproject.toml").read_text("utf-8")
    table = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
    folder.joinpath("pyproject.toml").write_text(f"{text}\n[tool.mutmut]\n{table}\n", "utf-8")
    return folder


def run(module: Module, folder: Path, names: list[str], *, processes: int) -> dict[str, Outcome]:
    """Run changes of a module, named as mutmut names them, in its work folder."""
    mutmut = Path(sys.executable).with_name("mutmut")
    command = [str(mutmut), "run", "--max-children", str(processes), *names]
    log = folder / "mutmut.log"
    # Once more if it fails: Python 3.11 has crashed where mutmut records the calls of coroutines.
    if not any(_succeeds(command, folder, log) for _ in range(2)):
        last = log.read_text("utf-8", "replace").replace("\r", "\n").splitlines()[-40:]
        sys.exit("\n".join([*last, f"mutmut failed on {module.name}, see {log.relative_to(ROOT)}"]))
    codes = json.loads(folder.joinpath("mutants", f"{module.path}.meta").read_text("utf-8"))
    return {name: _outcome(name, codes["exit_code_by_key"][name]) for name in names}


def _succeeds(command: list[str], folder: Path, log: Path) -> bool:
    # pytest keeps what it compiles: each change is a process of its own that needs it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with log.open("wb") as file:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    return done.returncode == 0


def _outcome(name: str, code: int | None) -> Outcome:
    if code is None:
        sys.exit(f"mutmut did not run {name}")
    if code == 0 or code in _NO_TEST_RUN:
        return "survived"
    if code in _STOPPED:
        return "time out"
    if code not in _NOTICED:
        sys.exit(f"pytest failed on {name} with status {code}")
    return "noticed"
