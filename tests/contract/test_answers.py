"""Generated answers: valid ones are decoded, invalid ones are decoded or refused with their place."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from sessionboard_async import DecodeError
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.decoding.pages import OnInvalid
from sessionboard_async.core.endpoint import ENDPOINTS, Pages
from tests.contract.generated import invalid, valid
from tests.contract.operations import OPERATIONS, Operation

PAGE = 3
DECODERS = Decoders()
READ = [operation for operation in OPERATIONS.values() if ENDPOINTS[operation.id].answer is not None]
WITH_SCHEMA = [operation for operation in READ if operation.answer is not None]


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=[operation.id for operation in operations])


EXAMPLES = 30
"""The number of answers of each operation."""


def answers(make: Callable[[Operation, Random], Any], operation: Operation) -> Iterator[Any]:
    """Yield generated answers, the same ones in every run."""
    for number in range(EXAMPLES):
        yield make(operation, Random(f"{operation.id} {number}"))


@pytest.fixture(autouse=True, scope="module")
def _silence() -> Iterator[None]:
    # Lenient decoding logs every one of these answers.
    logger = logging.getLogger("sessionboard_async")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    # Only the method clears the levels that loggers have cached.
    logger.setLevel(before)


def decode(operation: Operation, answer: object, on_invalid: OnInvalid = "raise") -> list[Any]:
    """Decode an answer as the engine does, and return its records."""
    endpoint, body = ENDPOINTS[operation.id], json.dumps(answer).encode()
    if isinstance(endpoint.answer, Pages):
        decoder = DECODERS.pages(endpoint, endpoint.answer.record)
        return [*decoder.decode(body, page=PAGE, on_invalid=on_invalid).results]
    return [DECODERS.record(endpoint).decode(body)]


def records_in(operation: Operation, answer: Any) -> list[Any]:
    if not operation.answers_with_many:
        return [answer]
    return answer if isinstance(answer, list) else answer.get("results", answer.get("data"))


@each(WITH_SCHEMA)
@pytest.mark.untraced
def test_valid_answers_are_decoded(operation: Operation) -> None:
    for answer in answers(valid, operation):
        records = decode(operation, answer)
        assert len(records) == len(records_in(operation, answer))


@each(READ)
@pytest.mark.untraced
def test_invalid_answers_are_decoded_or_refused_with_their_place(operation: Operation) -> None:
    for answer in answers(invalid, operation):
        error = refusal(operation, answer)
        if error is None:
            assert isinstance(decode(operation, answer), list)
        else:
            assert error.operation == operation.id
            check(error, operation, answer)


def check(error: DecodeError, operation: Operation, answer: object) -> None:
    """Check that an error names the place of the unreadable value."""
    assert (error.path or "").startswith("$")
    if not isinstance(ENDPOINTS[operation.id].answer, Pages):
        return
    assert error.page == PAGE
    if error.index is None:
        assert refusal(operation, answer, "skip"), "the page can be read but for a record that is not named"
    else:
        assert refusal(operation, beginning(operation, answer, error.index)) is None
        assert refusal(operation, beginning(operation, answer, error.index + 1)) is not None
        assert len(decode(operation, answer, "skip")) >= error.index


def beginning(operation: Operation, answer: Any, count: int) -> Any:
    """Return a page with only its first records."""
    records = records_in(operation, answer)
    if answer is records:
        return records[:count]
    return {name: inside[:count] if inside is records else inside for name, inside in answer.items()}


def refusal(operation: Operation, answer: object, on_invalid: OnInvalid = "raise") -> DecodeError | None:
    try:
        decode(operation, answer, on_invalid)
    except DecodeError as error:
        return error
    return None
