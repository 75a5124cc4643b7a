"""Answers made from the document: the right ones are read, the wrong ones are read or refused by name."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sessionboard_async import DecodeError
from sessionboard_async.core.decoding.decoder import Decoders, OnInvalid
from sessionboard_async.core.endpoint import ENDPOINTS, Pages
from tests.contract.generated import right, wrong
from tests.contract.operations import OPERATIONS, Operation

PAGE = 3
DECODERS = Decoders()
READ = [operation for operation in OPERATIONS.values() if ENDPOINTS[operation.id].answer is not None]
PROMISED = [operation for operation in READ if operation.answer is not None]


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=[operation.id for operation in operations])


quick = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@pytest.fixture(autouse=True, scope="module")
def _silence() -> Iterator[None]:
    # Reading leniently is told in the log, of every answer here.
    logger = logging.getLogger("sessionboard_async")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    # Set as an attribute, it would not reach what the logger remembers of its level.
    logger.setLevel(before)


def decode(operation: Operation, answer: object, on_invalid: OnInvalid = "raise") -> list[Any]:
    """Read an answer as the engine does, and return its records."""
    endpoint, body = ENDPOINTS[operation.id], json.dumps(answer).encode()
    if isinstance(endpoint.answer, Pages):
        decoder = DECODERS.pages(endpoint, endpoint.answer.record)
        return [*decoder.decode(body, page=PAGE, on_invalid=on_invalid).results]
    return [DECODERS.record(endpoint).decode(body)]


def records_in(operation: Operation, answer: Any) -> list[Any]:
    if not operation.answers_with_many:
        return [answer]
    return answer if isinstance(answer, list) else answer.get("results", answer.get("data"))


@each(PROMISED)
@quick
@given(data=st.data())
def test_what_the_document_allows_is_read(operation: Operation, data: st.DataObject) -> None:
    answer = data.draw(right(operation.id))
    records = decode(operation, answer)
    assert len(records) == len(records_in(operation, answer))


@each(READ)
@quick
@given(data=st.data())
def test_what_it_does_not_allow_is_read_or_refused_by_name(operation: Operation, data: st.DataObject) -> None:
    answer = data.draw(wrong(operation.id))
    error = refusal(operation, answer)
    if error is None:
        return
    assert error.operation == operation.id
    assert (error.path or "").startswith("$")
    if not isinstance(ENDPOINTS[operation.id].answer, Pages):
        return
    assert error.page == PAGE
    if error.index is None:
        assert refusal(operation, answer, "skip"), "the page can be read but for a record that is not named"
    else:
        assert len(decode(operation, answer, "skip")) >= error.index


def refusal(operation: Operation, answer: object, on_invalid: OnInvalid = "raise") -> DecodeError | None:
    try:
        decode(operation, answer, on_invalid)
    except DecodeError as error:
        return error
    return None
