"""Every operation of the API's document is declared as the document has it."""

from __future__ import annotations

import re

from sessionboard_async import services
from sessionboard_async.core.endpoint import ENDPOINTS, Pages
from sessionboard_async.testing._handlers import OPERATIONS as ANSWERED
from tests.contract.differences import ASPECTS, DIFFERENCES, listed
from tests.contract.operations import EVERY_OPERATION, OPERATIONS, SCHEMAS, Operation, places, snake

QUERIES = re.compile(r"(search|execute|run|generate)-")
"""The names of POST operations that only search or run a query."""

HARMLESS = {
    "sign-media-upload-part": "signing twice makes two addresses for one part",
    "oauth-revoke": "a token that is gone already is a success (RFC 7009)",
}


def test_the_table_is_complete() -> None:
    assert len(OPERATIONS) == 177
    assert len(SCHEMAS) == 68


def test_every_operation_is_declared_and_no_other() -> None:
    assert services.__all__
    assert ENDPOINTS.keys() == OPERATIONS.keys()


def test_the_embedded_server_answers_every_operation_and_no_other() -> None:
    assert ANSWERED.keys() == OPERATIONS.keys()


def test_every_difference_names_something_in_the_document() -> None:
    assert {where for where, _ in DIFFERENCES} <= OPERATIONS.keys() | SCHEMAS.keys() | {"*"}
    assert {what.partition(" ")[0] for _, what in DIFFERENCES} <= ASPECTS.keys()


def arguments(path: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", path)


@EVERY_OPERATION
def test_method_and_path_are_those_of_the_document(operation: Operation) -> None:
    endpoint = ENDPOINTS[operation.id]
    assert endpoint.method == operation.method
    assert re.sub(r"\{\w+\}", "{}", endpoint.path) == re.sub(r"\{\w+\}", "{}", operation.path)
    assert operation.path_arguments == arguments(operation.path)
    theirs, ours = [snake(name) for name in arguments(operation.path)], arguments(endpoint.path)
    unlike = {(operation.id, f"path {one}") for one, other in zip(theirs, ours, strict=True) if one != other}
    assert unlike == {one for one in listed("path") if one[0] == operation.id}


@EVERY_OPERATION
def test_scope_token_and_daily_quota_are_declared(operation: Operation) -> None:
    endpoint = ENDPOINTS[operation.id]
    if operation.scope is not None:
        assert endpoint.scope == operation.scope
    assert endpoint.authenticated == operation.is_authenticated
    assert endpoint.daily_quota == ("429" in operation.facts["answers"])


@EVERY_OPERATION
def test_only_reads_are_idempotent(operation: Operation) -> None:
    reads = operation.method == "GET" or (operation.method == "POST" and QUERIES.match(operation.id))
    assert ENDPOINTS[operation.id].idempotent == (bool(reads) or operation.id in HARMLESS)


@EVERY_OPERATION
def test_an_answer_is_declared_where_the_document_has_one(operation: Operation) -> None:
    endpoint = ENDPOINTS[operation.id]
    if operation.answer is not None:
        assert endpoint.answer is not None
        assert not (endpoint.may_be_empty and places(operation.answer))
    else:
        assert endpoint.answer is None or endpoint.may_be_empty


@EVERY_OPERATION
def test_page_parameters_are_those_of_the_document(operation: Operation) -> None:
    answer = ENDPOINTS[operation.id].answer
    if isinstance(answer, Pages) and answer.in_body:
        if (operation.id, "body limit") not in listed("body"):
            assert operation.paging == {"in": "body", "page": "page", "size": answer.size_parameter}
        return
    size = answer.size_parameter if isinstance(answer, Pages) else None
    in_query = operation.paging if operation.paging.get("in") == "query" else {}
    assert in_query.get("size") == size
    if size in {"pageSize", "page_size"}:
        for name, most in ((size, 100), ("page", 999)):
            schema = operation.query[name]["schema"]
            assert (schema["minimum"], schema["maximum"]) == (1, most)
