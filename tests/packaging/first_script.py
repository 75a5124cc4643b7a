"""Run the first Python block of the README with the installed package, against the embedded server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import sessionboard_async
from sessionboard_async.testing import EmbeddedServer

README = Path(__file__).parents[2] / "README.md"


def first_script() -> str:
    block = re.search(r"^```python.*\n((?:.*\n)*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert block is not None
    return block[1]


def main() -> None:
    installed = Path(sessionboard_async.__file__)
    if not installed.is_relative_to(sysconfig.get_path("purelib")):
        sys.exit(f"the package was imported from {installed.parent}, not from an installed wheel")
    with EmbeddedServer().in_thread() as server, tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "first_script.py")
        script.write_text(first_script(), encoding="utf-8")
        environment = {
            **os.environ,
            "SESSIONBOARD_TOKEN": server.token,
            "SESSIONBOARD_BASE_URL": server.base_url,
            "PYTHONUTF8": "1",
        }
        command = [sys.executable, "-W", "error", str(script)]
        result = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=60
        )
    lines = result.stdout.splitlines()
    if result.returncode != 0 or result.stderr or len(lines) < 3:
        sys.exit(f"the README's first script failed with status {result.returncode}:\n{result.stderr}")
    sys.stdout.write(f"The README's first script printed {len(lines)} lines, the first: {lines[0]}\n")


if __name__ == "__main__":
    main()
