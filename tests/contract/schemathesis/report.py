"""Reading of the NDJSON report of Schemathesis."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Event = dict[str, Any]

_SCHEMA = re.compile(r"^Schema at (\S+?):?$", re.MULTILINE)
_COMPONENT = re.compile(r"^Invalid component: ?(?P<place>.*)(?P<violations>(?:\n  - .*)*)", re.MULTILINE)


class Finding(NamedTuple):
    """A failed check.

    ``what`` is the part of the report that matters: the place in the schema for a wrong answer, the violation
    for an accepted request, else the status and the message of the answer.
    """

    check: str
    operation: str
    what: str


@dataclass
class Report:
    """What a run has found.

    Attributes:
        statuses: The number of answers by status; ``None`` counts requests that no answer came to.
        findings: The number of failed checks that are alike.
        examples: One command for each, to repeat it.
    """

    statuses: Counter[int | None] = field(default_factory=Counter[int | None])
    findings: Counter[Finding] = field(default_factory=Counter[Finding])

    @property
    def requests(self) -> int:
        """The number of requests."""
        return self.statuses.total()

    @property
    def failures(self) -> int:
        """The number of requests that got a server error, or no answer."""
        return sum(count for status, count in self.statuses.items() if status is None or status >= 500)


def read_report(path: Path) -> Report:
    """Read a report."""
    report = Report()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
            _add(report, recorder)
    return report


def _add(report: Report, recorder: Event) -> None:
    interactions = recorder.get("interactions", {})
    for interaction in interactions.values():
        response = interaction.get("response")
        report.statuses[response["status_code"] if response else None] += 1
    for case, checks in recorder.get("checks", {}).items():
        for failure in _failures(checks):
            response = interactions.get(case, {}).get("response") or {}
            for what in _what(failure, response):
                report.findings[Finding(failure["type"], failure["operation"], what)] += 1


def _failures(checks: list[Event]) -> Iterator[Event]:
    for check in checks:
        if check.get("failure_info"):
            yield check["failure_info"]["failure"]


def _what(failure: Event, response: Event) -> Iterator[str]:
    message = str(failure["message"])
    match failure["type"]:
        case "JsonSchemaError":
            place = _SCHEMA.search(message)
            yield f"{message.partition(chr(10))[0]} at {place[1] if place else '?'}"
        case "AcceptedNegativeData":
            component = _COMPONENT.search(message)
            yield from _violations(component) if component else (message,)
        case _:
            yield f"{response.get('status_code')} {_message(response)}".strip()


def _violations(component: re.Match[str]) -> Iterator[str]:
    """Yield each violation of a request that has several: all of them were accepted."""
    place = component["place"]
    if not component["violations"]:
        yield place
    for violation in component["violations"].split("\n  - ")[1:]:
        where, _, what = violation.partition(": ")
        yield f"{place} - {violation}" if place else f"in {where} - {what}"


def _message(response: Event) -> str:
    content = response.get("content") or {}
    try:
        answer = json.loads(base64.b64decode(content.get("$base64", "")))
    except ValueError:
        return ""
    return str(answer.get("message", "")) if isinstance(answer, dict) else ""
