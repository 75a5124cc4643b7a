"""An export with ``resume`` survives being killed at any moment."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sessionboard_async.export.manifest import Manifest
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.cli.command_line import run_at, run_killed
from tests.export.exports import STAGING, content

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(sessions=110, contacts=20, speakers=10, events=1, latency=0.01).in_thread() as server:
        yield server


def exported(directory: Path) -> dict[str, bytes]:
    """Return the files of a complete export, after checking that its manifest describes them."""
    files = content(directory)
    manifest = msgspec.json.decode(files.pop("manifest.json"), type=Manifest)
    sizes = {summary.file: summary.bytes for summary in manifest.resources.values()}
    assert {name: len(text) for name, text in files.items()} == sizes
    return files


@pytest.mark.parametrize("kills", [1, pytest.param(50, marks=pytest.mark.slow)])
def test_a_killed_export_is_completed_by_the_next_runs(
    server: EmbeddedServer, tmp_path: Path, kills: int
) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    event = str(server.event_id)
    assert run_at(server, "export", event, "--to", undisturbed).exit_code == 0

    run_killed(server, "times", kills, killed, "export", event, "--resume", "--to")

    assert exported(killed) == exported(undisturbed)


@pytest.mark.slow
def test_an_export_may_die_before_any_change_of_a_file(server: EmbeddedServer, tmp_path: Path) -> None:
    # Kills after random times hardly ever hit the moments in which complete files are moved.
    undisturbed, died = tmp_path / "undisturbed", tmp_path / "died"
    command = ["export", str(server.event_id), "--only", "rooms,levels", "--resume", "--to"]
    assert run_at(server, *command, undisturbed).exit_code == 0

    run_killed(server, "changes", died, *command)

    targets = list(died.iterdir())
    assert len(targets) > 15
    for target in targets:
        assert exported(target) == exported(undisturbed)
        assert not (target / STAGING).exists()


@pytest.mark.slow
def test_an_export_over_an_earlier_one_may_die_before_any_change_of_a_file(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    undisturbed, died = tmp_path / "undisturbed", tmp_path / "died"
    event = str(server.event_id)
    command = ["export", event, "--only", "rooms,levels", "--resume", "--allow-refused", "--to"]
    assert run_at(server, *command, undisturbed).exit_code == 0
    earlier = msgspec.json.decode((undisturbed / "manifest.json").read_bytes(), type=Manifest)
    shutil.copytree(undisturbed, died / "earlier")
    # There were fewer levels then.
    (died / "earlier" / "levels.jsonl").write_bytes(b"")
    levels = msgspec.structs.replace(earlier.resources["levels"], records=0, bytes=0)
    before = msgspec.structs.replace(earlier, resources={**earlier.resources, "levels": levels})
    (died / "earlier" / "manifest.json").write_bytes(msgspec.json.encode(before))
    server.faults.append(Fault("status", every=1, status=403, operation="search-rooms"))
    try:
        run_killed(server, "changes", died, *command)
    finally:
        server.faults.clear()

    targets = [target for target in died.iterdir() if target.name != "earlier"]
    assert len(targets) > 10
    for target in targets:
        after = content(target)
        manifest = msgspec.json.decode(after.pop("manifest.json"), type=Manifest)
        assert [*manifest.resources] == ["levels"]
        assert manifest.earlier["rooms"].exported_at == earlier.finished_at
        assert after == {name: text for name, text in content(undisturbed).items() if name in after}
        assert len(after) == 2
