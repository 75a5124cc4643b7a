"""The docstrings of services name the scopes and rate-limit categories of their operations."""

from __future__ import annotations

import inspect
import re

import pytest

from sessionboard_async.cli.coverage import CoveredOperation, covered_operations
from sessionboard_async.services import load_services

OPERATIONS = covered_operations()


def described(operation: CoveredOperation) -> str:
    """Return the docstring of the method that calls an operation, after that of its service."""
    service, method = operation.calls.partition("(")[0].split(".")
    cls = load_services()[service]
    return f"{inspect.getdoc(cls)}\n{inspect.getdoc(getattr(cls, method))}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)
def test_the_scope_and_the_category_are_named(operation: CoveredOperation) -> None:
    text = described(operation)
    for word in filter(None, (operation.scope, operation.limit)):
        assert f"``{word}``" in text
    if operation.limit is None:
        assert re.search(r"[Nn]ot\s+rate\s+limited|[Nn]o\s+rate\s+limit|no\s+documented\s+limit", text)


@pytest.mark.parametrize("name", [*load_services()])
def test_a_service_names_no_scope_or_category_of_others(name: str) -> None:
    own = [found for found in OPERATIONS if found.calls.startswith(f"{name}.")]
    known = {word for found in OPERATIONS for word in (found.scope, found.limit)} - {None}
    named = set(re.findall(r"``([\w:-]+)``", inspect.getdoc(load_services()[name]) or "")) & known
    assert named <= {word for found in own for word in (found.scope, found.limit)}
