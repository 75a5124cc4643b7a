"""Requests that Schemathesis generates from the API's document, sent to the embedded server.

``python -m tests.contract.schemathesis [--seconds N]`` runs every check of Schemathesis and every phase. The
document is read from where it lies beside the checkout. Reports that stay are listed in ``accepted.py``, with
the reason. The exit status is 1 after a server error, an unanswered request, or a report that is not listed.
Work files are in ``build/schemathesis``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sessionboard_async.testing import EmbeddedServer
from tests.contract.document import DOCUMENT
from tests.contract.schemathesis.accepted import listed
from tests.contract.schemathesis.report import Report, read_report

_WORK = Path("build", "schemathesis")
_SHARE_OF_KNOWN_IDS = 0.9


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.schemathesis")
    parser.add_argument("--seconds", type=int, default=600, help="duration of the run; 600 by default")
    parser.add_argument("--seed", help="seed of the requests; a new one by default")
    arguments = parser.parse_args()
    if not DOCUMENT.exists():
        parser.exit(2, f"there is no document at {DOCUMENT}\n")
    shutil.rmtree(_WORK, ignore_errors=True)
    _WORK.mkdir(parents=True)
    with EmbeddedServer(sessions=60).in_thread() as server:
        _run(server, arguments.seconds, arguments.seed)
    report = read_report(_WORK / "report.ndjson")
    return _show(report)


def _run(server: EmbeddedServer, seconds: int, seed: str | None) -> None:
    config = _WORK / "schemathesis.toml"
    config.write_text(_config(_known_ids(server)), encoding="utf-8")
    command = [
        *("schemathesis", "--config-file", str(config), "run", str(DOCUMENT)),
        *("--url", server.base_url, "--header", f"x-access-token: {server.token}"),
        *("--checks", "all", "--max-time", str(seconds), "--continue-on-failure", "--no-shrink"),
        *("--report", "ndjson", "--report-ndjson-path", str(_WORK / "report.ndjson")),
        *(() if seed is None else ("--seed", seed)),
    ]
    with (_WORK / "output.txt").open("w", encoding="utf-8") as output:
        # The exit status says only that something was reported.
        subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, timeout=seconds + 300, check=False)


def _known_ids(server: EmbeddedServer) -> Mapping[str, list[int] | list[str]]:
    """Return ids that exist, by the name of the parameter in the path."""
    resources = {
        "sessionId": "sessions",
        "contactId": "contacts",
        "sponsorId": "sponsors",
        "exhibitorId": "exhibitors",
    }
    return {
        "eventId": [server.event_id],
        "orgId": [server.org_id],
        **{name: sorted(server.ids(resource))[:5] for name, resource in resources.items()},
    }


def _config(values: Mapping[str, list[int] | list[str]]) -> str:
    lines: list[str] = []
    for name, known in values.items():
        lines += [f"[dictionaries.{name}]", f"values = {known!r}"]
    lines += ["[parameters]"]
    for name in values:
        lines += [f'{name} = {{ dictionary = "{name}", probability = {_SHARE_OF_KNOWN_IDS} }}']
    return "\n".join(lines) + "\n"


def _show(report: Report) -> int:
    console = Console()
    console.print(f"{report.requests:,} requests; answers by status: {_counts(report.statuses)}")
    table = Table("Reports", "Check", "Reason")
    counts: Counter[tuple[str, str]] = Counter()
    for finding, count in report.findings.items():
        if (accepted := listed(finding)) is not None:
            counts[accepted.check, accepted.reason] += count
    for (check, reason), count in counts.most_common():
        table.add_row(f"{count:,}", check, reason)
    console.print(table)
    others = [finding for finding in report.findings if listed(finding) is None]
    for finding in others:
        text = f"not listed: {finding.check} of {finding.operation}: {finding.what}"
        console.print(text, markup=False, soft_wrap=True)
    if report.failures:
        console.print(f"{report.failures} requests got a server error or no answer")
    return 1 if others or report.failures or not report.requests else 0


def _counts(statuses: Counter[int | None]) -> str:
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items(), key=str))


if __name__ == "__main__":
    sys.exit(main())
