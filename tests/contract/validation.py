"""Validation of exchanges by openapi-core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from jsonschema import ValidationError
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

from tests.contract.exchanges import Exchange
from tests.contract.operations import (
    API,
    OPERATIONS,
    Operation,
    Schema,
    items_of,
    name_of,
    properties_of,
    resolved,
)

_HOST = "https://public-api.sessionboard.com"


@cache
def openapi() -> OpenAPI:
    """Return the validator of requests and answers; building it takes a second."""
    # `distil` checked the document; doing it again takes seconds.
    unchecked = Config(spec_validator_cls=None)  # type: ignore[arg-type]  # the annotation lacks its None
    return OpenAPI.from_dict(as_document(), config=unchecked)


def as_document() -> dict[str, Any]:
    """Return the table in the form of an OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS.values():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _content(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sessionboard", "version": "1"},
        "servers": [{"url": _HOST}],
        "paths": paths,
        "components": {"schemas": API["schemas"], "securitySchemes": API["security"]},
    }


def _content(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {
        "operationId": operation.id,
        "security": [{name: []} for name in operation.facts["security"]],
        "parameters": [
            {key: value for key, value in one.items() if key != "words"}
            for one in operation.facts.get("parameters", ())
        ],
        "responses": {
            status: {"description": ""} | ({"content": _by_media_type(answer)} if answer else {})
            for status, answer in operation.facts["answers"].items()
        },
    }
    if operation.body is not None:
        body = operation.facts["body"]
        content["requestBody"] = {
            "required": body.get("required", False),
            "content": _by_media_type({body["type"]: operation.body}),
        }
    return content


def _by_media_type(schemas: dict[str, Schema]) -> dict[str, dict[str, Schema]]:
    return {media_type: {"schema": schema} for media_type, schema in schemas.items()}


def request_violations(exchange: Exchange) -> list[str]:
    """Return the violations in a request, as messages."""
    errors = openapi().request_validator.iter_errors(_request(exchange))
    return [error if isinstance(error, str) else error.message for error in _violations(errors)]


def answer_violations(exchange: Exchange) -> set[tuple[str, str, str]]:
    """Return the violations in an answer: the schema, the place in it, and the value found."""
    expected = exchange.operation.success
    content_type = exchange.content_type.partition(";")[0]
    if expected and content_type not in expected:
        return {(exchange.operation.id, "", content_type)}
    answer = MockResponse(exchange.answer, exchange.status, content_type=exchange.content_type)
    errors = openapi().response_validator.iter_errors(_request(exchange), answer)
    return {_described(violation, exchange) for violation in _violations(errors)}


def _request(exchange: Exchange) -> MockRequest:
    return MockRequest(
        _HOST,
        exchange.operation.method,
        exchange.path,
        args=exchange.query,  # type: ignore[arg-type]  # a multidict accepts pairs too
        headers=dict(exchange.headers),
        data=exchange.body,
        content_type=exchange.request_type,
    )


def _violations(errors: Iterable[Exception]) -> Iterator[ValidationError | str]:
    for error in errors:
        cause = error.__cause__
        if isinstance(cause, InvalidSchemaValue):
            for violation in cause.schema_errors:
                assert isinstance(violation, ValidationError)
                yield from _innermost(violation)
        else:
            yield f"{error} ({cause})" if cause else str(error)


def _innermost(violation: ValidationError) -> Iterator[ValidationError]:
    # Where no alternative fits, the violations of the first one are reported.
    first = [one for one in violation.context or () if one.schema_path[0] == 0]
    if not first:
        yield violation
    for one in first:
        yield from _innermost(one)


def _described(violation: ValidationError | str, exchange: Exchange) -> tuple[str, str, str]:
    if isinstance(violation, str):
        return exchange.operation.id, "answer", violation
    schema, place = _owner(exchange.operation.answer or {}, list(violation.absolute_path))
    found = "null" if violation.instance is None else f"wrong {violation.validator}"
    return schema or exchange.operation.id, place, found


def _owner(schema: Schema, path: list[Any]) -> tuple[str | None, str]:
    """Return the innermost named schema around a place, and the path within it."""
    name, rest = name_of(schema), ""
    for step in path:
        alternatives = resolved(schema).get("anyOf")
        if alternatives:
            schema = alternatives[0]
        schema = (items_of(schema) if isinstance(step, int) else properties_of(schema).get(step)) or {}
        rest += "[]" if isinstance(step, int) else f".{step}"
        if name_of(schema):
            name, rest = name_of(schema), ""
    return name, rest.removeprefix(".")
