"""Reading of reports, and the table of those that stay."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.schemathesis.accepted import ACCEPTED, listed
from tests.contract.schemathesis.report import Finding, read_report

PLACE = "/components/schemas/Contact/properties/phone_home"


def scenario(case: str, status: int | None, answer: str = "", /, **failure: str) -> str:
    content = base64.b64encode(json.dumps({"error": "Error", "message": answer}).encode()).decode()
    response: Any = None if status is None else {"status_code": status, "content": {"$base64": content}}
    checks = [{"name": "any", "failure_info": {"failure": failure} if failure else None}]
    recorder = {"interactions": {case: {"response": response}}, "checks": {case: checks}}
    return json.dumps({"ScenarioFinished": {"recorder": recorder}})


NAME = "violates `type` at /properties/name (was string, became {})"
OPERATIONS = "violates `required` at /properties/operations/items (was action)"


@pytest.mark.parametrize(
    ("place", "found"),
    [
        (
            f" in body\n  - {NAME.format('null')}\n  - {NAME.format('integer')}",
            {f"in body - {NAME.format('null')}": True, f"in body - {NAME.format('integer')}": False},
        ),
        (
            f"\n  - header: violates `format` at /properties/Authorization\n  - body: {OPERATIONS}",
            {
                "in header - violates `format` at /properties/Authorization": True,
                f"in body - {OPERATIONS}": True,
            },
        ),
    ],
)
def test_each_violation_of_an_accepted_request_is_found(
    tmp_path: Path, place: str, found: dict[str, bool]
) -> None:
    path = tmp_path / "report.ndjson"
    message = f"Invalid data should have been rejected\nExpected: 400, 5xx\nInvalid component:{place}"
    path.write_text(scenario("a", 200, type="AcceptedNegativeData", operation="POST /", message=message))
    findings = read_report(path).findings
    assert {finding.what: listed(finding) is not None for finding in findings} == found


@pytest.mark.parametrize(
    ("type_", "message", "what", "is_listed"),
    [
        (
            "JsonSchemaError",
            f'null is not of type "string"\n\nSchema at {PLACE}:\n\n    {{}}',
            f'null is not of type "string" at {PLACE}',
            True,
        ),
        (
            "JsonSchemaError",
            '5 is not of type "string"\n\nSchema at /x:\n',
            '5 is not of type "string" at /x',
            False,
        ),
        (
            "AcceptedNegativeData",
            "Invalid\nInvalid component: in body - operations\n",
            "in body - operations",
            True,
        ),
        ("RejectedPositiveData", "Valid data", "400 name is required", True),
        ("UndefinedStatusCode", "Received: 400", "400 name is required", True),
        ("ServerError", "Server error", "400 name is required", False),
    ],
)
def test_a_failed_check_is_found_with_what_matters(
    tmp_path: Path, type_: str, message: str, what: str, is_listed: bool
) -> None:
    path = tmp_path / "report.ndjson"
    answer = scenario("a", 400, "name is required", type=type_, operation="GET /v1/events", message=message)
    path.write_text("\n".join([json.dumps({"Initialize": {}}), answer, answer, scenario("b", 200)]))
    report = read_report(path)
    finding = Finding(type_, "GET /v1/events", what)
    assert report.findings == {finding: 2}
    assert report.statuses == {400: 2, 200: 1}
    assert (listed(finding) is not None) == is_listed


def test_server_errors_and_unanswered_requests_are_failures(tmp_path: Path) -> None:
    path = tmp_path / "report.ndjson"
    path.write_text(
        "\n".join([scenario("a", 500), scenario("b", None), scenario("c", 499), scenario("d", 599)])
    )
    report = read_report(path)
    assert (report.requests, report.failures) == (4, 3)


def test_no_server_error_is_accepted() -> None:
    for status in ("500 ", "502 x", "503 name is required", "None"):
        for check in {accepted.check for accepted in ACCEPTED} | {"ServerError"}:
            assert listed(Finding(check, "GET /", status)) is None
    for accepted in ACCEPTED:
        re.compile(accepted.what)
        assert accepted.reason
