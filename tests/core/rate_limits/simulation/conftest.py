"""What the simulations share."""

from __future__ import annotations

import sys

import pytest

from tests.core.rate_limits.simulation.model import Tell


@pytest.fixture
def tell(record_property: Tell, request: pytest.FixtureRequest) -> Tell:
    """Write figures into the report, and on the screen where that is shown (`-s`)."""

    def write(name: str, value: object) -> None:
        record_property(name, value)
        sys.stdout.write(f"\n{request.node.name}: {name}: {value}")

    return write
