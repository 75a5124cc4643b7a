"""The entry point of ``python -m sessionboard_async`` and the command ``sessionboard``."""

from __future__ import annotations

import importlib.util
import sys


def main() -> None:
    """Run the command line; exit with a message if its packages are missing."""
    if any(importlib.util.find_spec(name) is None for name in ("click", "rich", "sqlalchemy")):
        sys.exit("The command line needs more packages: python -m pip install 'sessionboard-async[cli]'")
    from sessionboard_async.cli.app import sessionboard

    sessionboard()


if __name__ == "__main__":
    main()
