"""Check what the built sdist and wheel hold: ``python tests/packaging/contents.py DIST``."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "sessionboard_async"
# Files that no import would miss at build time.
DATA = {f"{PACKAGE}/py.typed", f"{PACKAGE}/core/rate_limits/shared/exchange.lua"}


def in_the_tree() -> set[str]:
    files = (path for path in ROOT.joinpath(PACKAGE).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}


def in_the_wheel(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}


def in_the_sdist(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def problems(folder: Path) -> list[str]:
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    tree = in_the_tree()
    return [
        *(f"{name} is not in the tree" for name in sorted(DATA - tree)),
        *(f"{wheel.name} lacks {name}" for name in sorted(tree - in_the_wheel(wheel))),
        *(f"{wheel.name} holds {name}" for name in sorted(in_the_wheel(wheel) - tree)),
        *(f"{sdist.name} lacks {name}" for name in sorted(tree - in_the_sdist(sdist))),
    ]


if __name__ == "__main__":
    sys.exit("\n".join(problems(Path(sys.argv[1]))) or None)
