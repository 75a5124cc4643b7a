"""A value of another type costs no record and no other field, wherever it is in an answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec import inspect

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import Endpoint, Pages
from sessionboard_async.core.page import Page
from sessionboard_async.errors import DecodeError
from tests.core.decoding.odd_values import ODD, example, operations, places, record_of, with_odd

SAMPLE = 8
"""The number of cases of each operation, unless all are tested."""

FEWEST_SAMPLED, FEWEST_IN_A_PART = 600, 3_000
"""Fewer cases mean that some fields are not tested any more."""

COMBINED = {"address_coutnry": "address_country", "eventId": "event_id"}
"""Fields that are read into another one."""


@pytest.fixture
def quiet() -> Iterator[None]:
    logger = logging.getLogger("sessionboard_async")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    # Only the method clears the levels that loggers have cached.
    logger.setLevel(before)


class Case(NamedTuple):
    """An answer with one odd value: in the only record, or in the second of three."""

    path: tuple[str | int, ...]
    odd: str


class Fuzz:
    """Decodes answers of one operation.

    Args:
        endpoint: The operation.
        depth: How many levels of records its answers have.
    """

    def __init__(self, endpoint: Endpoint[Any], depth: int) -> None:
        self._endpoint = endpoint
        self._decoders = Decoders()
        self._type = record_of(endpoint)
        self._record = example(inspect.type_info(self._type), depth)
        self._plain = self._decode(msgspec.json.encode(self._record))
        self._fields = [(field.encode_name, field.name) for field in msgspec.structs.fields(self._type)]

    def cases(self, known: set[object]) -> list[Case]:
        """Return every place with every value.

        Args:
            known: The places inside other records that were tested before, to which those here are added.
        """
        found: list[Case] = []
        for path in places(self._record):
            inner = tuple([key for key in path if key != 0][-2:])
            if len(path) > 1 and inner in known:
                continue
            known.add(inner)
            found += [Case(path, odd) for odd in ODD]
        return found

    def check(self, case: Case) -> None:
        """Check that everything but the odd value is read."""
        try:
            found = self._decode(with_odd(self._record, case.path, ODD[case.odd]))
        except DecodeError:
            if case.path != ("id",):
                raise
            return
        assert isinstance(found, self._type)
        name = str(case.path[0])
        touched = {name, COMBINED.get(name, name), "as_sent"}
        for sent, field in self._fields:
            assert sent in touched or getattr(found, field) == getattr(self._plain, field), (field, case)

    def _decode(self, body: bytes) -> Any:
        if not isinstance(self._endpoint.answer, Pages):
            return self._decoders.record(self._endpoint).decode(body)
        page: Page[Any] = self._decoders.pages(self._endpoint, self._type).decode(
            b'{"results":[{"id":"first"},%s,{"id":"last"}]}' % body, page=1
        )
        first, found, last = page.results
        assert (first.id, last.id) == ("first", "last")
        return found


def fuzzes() -> Iterator[tuple[Fuzz, list[Case]]]:
    known: set[object] = set()
    for depth in (1, 2):
        for endpoint in operations():
            fuzz = Fuzz(endpoint, depth)
            yield fuzz, [case for case in fuzz.cases(known) if depth == 1 or len(case.path) > 1]


@pytest.mark.usefixtures("quiet")
@pytest.mark.untraced
def test_some_odd_values_cost_nothing_else() -> None:
    random = Random(7)
    checked = 0
    for fuzz, cases in fuzzes():
        for case in random.sample(cases, min(SAMPLE, len(cases))):
            fuzz.check(case)
            checked += 1
    assert checked > FEWEST_SAMPLED


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
@pytest.mark.untraced
@pytest.mark.parametrize("part", range(4))
def test_all_odd_values_cost_nothing_else(part: int) -> None:
    checked = 0
    for fuzz, cases in fuzzes():
        for case in cases[part::4]:
            fuzz.check(case)
            checked += 1
    assert checked > FEWEST_IN_A_PART
