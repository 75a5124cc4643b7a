"""The project's metadata and workflows agree with each other and stay within safe bounds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted(ROOT.joinpath(".github", "workflows").glob("*.yml"))

workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    parsed: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parsed["jobs"]


def classifiers() -> list[str]:
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    return re.findall(r"Programming Language :: Python :: (3\.\d+)", "\n".join(project["classifiers"]))


def test_there_is_a_check_and_a_release() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]


@workflow
def test_actions_are_pinned_by_hash_and_name_their_version(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert used
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [action for action in used if not pinned.fullmatch(action)] in ([], ["./.github/workflows/ci.yml"])


@workflow
def test_a_job_may_read_the_contents_at_most_and_only_publishing_gets_an_identity(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {}
    for name, job in jobs(path).items():
        expected = {"id-token": "write"} if name == "publish" else {"contents": "read"}
        assert job["permissions"] == expected, name


@workflow
def test_no_checkout_keeps_credentials(path: Path) -> None:
    steps = [step for job in jobs(path).values() for step in job.get("steps", [])]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_only_a_checked_and_tried_version_is_published() -> None:
    publish = jobs(ROOT / ".github" / "workflows" / "release.yml")["publish"]
    assert sorted(publish["needs"]) == ["build", "check"]
    assert publish["environment"] == "pypi"


def test_every_python_of_the_classifiers_is_checked_on_every_system() -> None:
    checks = jobs(ROOT / ".github" / "workflows" / "ci.yml")
    matrix = checks["others"]["strategy"]["matrix"]
    assert matrix["python"] == classifiers()
    assert matrix["os"] == ["macos-latest", "windows-latest"]
    (setup,) = (step for step in checks["linux"]["steps"] if "python-version" in step.get("with", {}))
    assert sorted(setup["with"]["python-version"].split()) == classifiers()
    supported = re.search(r"^SUPPORTED = \((.*)\)$", ROOT.joinpath("noxfile.py").read_text("utf-8"), re.M)
    assert supported is not None
    assert re.findall(r"3\.\d+", supported[1]) == classifiers()
