"""Every method, called over a real socket with every argument."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache

import pytest

from sessionboard_async.services import load_services
from tests.contract.calls import FAMILIES, exchanges_of, recorded
from tests.contract.differences import NEVER_NULL, listed
from tests.contract.operations import EVERY_OPERATION, OPERATIONS, Operation, places, places_in
from tests.contract.validation import answer_violations, request_violations


@pytest.mark.parametrize("family", FAMILIES)
def test_the_calls_of_a_family_succeed(family: str) -> None:
    failure = recorded(family).failure
    if failure is not None:
        raise failure
    assert recorded(family).calls


def test_every_method_of_every_service_is_called() -> None:
    public = {
        f"{name}.{method}"
        for name, service in load_services().items()
        for method, _ in inspect.getmembers(service, inspect.isfunction)
        if not method.startswith("_")
    }
    called = {f"{call.service}.{call.verb}" for family in FAMILIES for call in recorded(family).calls}
    assert called == public


def unlike_in_requests(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield the parameters and properties that are sent but not in the document, or the reverse."""
    exchanges, schema = exchanges_of(operation.id), operation.body or {}
    parameters = {name for exchange in exchanges for name, _ in exchange.query}
    properties = {place for exchange in exchanges for place in places_in(exchange.sent(), schema)}
    for name in parameters ^ operation.query.keys():
        yield operation.id, f"query {name}"
    for name in properties ^ places(schema):
        yield operation.id, f"body {name}"


@EVERY_OPERATION
def test_every_parameter_and_property_is_sent_and_no_other(operation: Operation) -> None:
    assert exchanges_of(operation.id), "no call reaches it"
    assert set(unlike_in_requests(operation)) - listed("query", "body") == set()


def test_every_listed_difference_of_requests_exists() -> None:
    found = {unlike for operation in OPERATIONS.values() for unlike in unlike_in_requests(operation)}
    assert listed("query", "body") - found == set()


@EVERY_OPERATION
@pytest.mark.untraced
def test_every_request_is_valid(operation: Operation) -> None:
    assert [one for exchange in exchanges_of(operation.id) for one in request_violations(exchange)] == []


@EVERY_OPERATION
def test_the_token_is_sent_exactly_where_the_document_requires_it(operation: Operation) -> None:
    needed, exchanges = operation.is_authenticated, exchanges_of(operation.id)
    assert all(("x-access-token" in exchange.headers) == needed for exchange in exchanges)


@cache
def unlike_in_answers(operation_id: str) -> set[tuple[str, str]]:
    """Return the parts of the embedded server's answers that the document does not allow."""
    return set(_unlike_in_answers(operation_id))


def _unlike_in_answers(operation_id: str) -> Iterator[tuple[str, str]]:
    for exchange in exchanges_of(operation_id):
        for where, place, found in answer_violations(exchange):
            if (where, f"field {place}") in listed("field"):
                continue
            if found == "null" and place.rpartition(".")[2] not in NEVER_NULL:
                yield "*", "answer null"
            else:
                yield where, f"answer {place or found}"


@EVERY_OPERATION
@pytest.mark.untraced
def test_every_answer_is_valid(operation: Operation) -> None:
    assert unlike_in_answers(operation.id) - listed("answer") == set()


@pytest.mark.untraced
def test_every_listed_difference_of_answers_exists() -> None:
    found = set[tuple[str, str]]().union(*map(unlike_in_answers, OPERATIONS))
    assert listed("answer") - found == set()
