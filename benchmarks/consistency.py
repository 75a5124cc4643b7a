"""Records lost and requests sent while the data changes, by page numbers and by exact reading."""

from __future__ import annotations

from typing import Any

from sessionboard_async.testing import Times
from tests.core.pagination.changing_data import ChangingData, Outcome, search

MANY = ChangingData({}, Times(step=0.5), sessions=150_000)
"""More records than page numbers reach."""

BY_NUMBER = "page 1, 2, 3, oldest first"

EXACT = ("exact", "exact, prefetch=8")
"""The ways that must not lose anything."""

WAYS: dict[str, dict[str, Any]] = {
    "page 1, 2, 3, newest first": {"sort": "-created_at", "consistency": "pages"},
    BY_NUMBER: {"sort": "created_at", "consistency": "pages"},
    "exact": {},
    "exact, prefetch=8": {"prefetch": 8},
}
"""The options of a search, by the name of the way to read."""


async def read(data: ChangingData, way: str, seed: int) -> Outcome:
    """Search once in one of the ways while the data changes."""
    return await search(data, seed, **WAYS[way])
