"""Fixtures of the simulations."""

from __future__ import annotations

import sys

import pytest

from tests.core.rate_limits.simulation.model import RecordFigure


@pytest.fixture
def record_figure(record_property: RecordFigure, request: pytest.FixtureRequest) -> RecordFigure:
    """Record figures in the test report, and print them (shown with `-s`)."""

    def write(name: str, value: object) -> None:
        record_property(name, value)
        sys.stdout.write(f"\n{request.node.name}: {name}: {value}")

    return write
