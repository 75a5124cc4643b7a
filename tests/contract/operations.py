"""The operations and schemas of the API, read from ``operations.json``.

``distil.py`` writes that table from the API's OpenAPI document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

TABLE = Path(__file__).with_name("operations.json")

Schema = dict[str, Any]
JSON = "application/json"

API: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
SCHEMAS: dict[str, Schema] = API["schemas"]


def resolved(schema: Schema) -> Schema:
    """Follow a reference to a named schema."""
    while "$ref" in schema:
        schema = SCHEMAS[_name_in(schema["$ref"])]
    return schema


def name_of(schema: Schema) -> str | None:
    """Return the name of a schema that is a reference to a named one."""
    return _name_in(schema["$ref"]) if "$ref" in schema else None


def _name_in(reference: str) -> str:
    return reference.removeprefix("#/components/schemas/")


def properties_of(schema: Schema) -> dict[str, Schema]:
    """Return every property that an object may have, from all parts of its schema."""
    schema = resolved(schema)
    found: dict[str, Schema] = {}
    for composed in ("allOf", "anyOf"):
        for part in schema.get(composed, ()):
            found |= properties_of(part)
    return {**found, **schema.get("properties", {})}


def items_of(schema: Schema) -> Schema | None:
    """Return the schema of the items of an array; ``None`` for other types."""
    items: Schema | None = resolved(schema).get("items")
    return items


def places(schema: Schema, before: str = "") -> set[str]:
    """Name every property in a schema, those of inner objects as ``filters.createdAt.after``."""
    found: set[str] = set()
    for name, inside in properties_of(schema).items():
        place = f"{before}{name}"
        found |= {place} | places(inside, f"{place}.") | places(items_of(inside) or {}, f"{place}[].")
    return found


def places_in(value: object, schema: Schema, before: str = "") -> set[str]:
    """Name every property in a value, as ``places`` does; not those of objects that are left open."""
    if not isinstance(value, Mapping):
        return set()
    properties, found = properties_of(schema), set[str]()
    for name, inside in value.items():
        place = f"{before}{name}"
        found.add(place)
        if isinstance(inside, list):
            items = items_of(properties.get(name, {})) or {}
            for one in inside if properties_of(items) else ():
                found |= places_in(one, items, f"{place}[].")
        elif properties_of(properties.get(name, {})):
            found |= places_in(inside, properties[name], f"{place}.")
    return found


def snake(name: str) -> str:
    """Spell a name of the document as Python does."""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: f"_{match[1].lower()}", name)


@dataclass(frozen=True)
class Operation:
    """One operation of the API."""

    id: str
    method: str
    path: str
    facts: Schema = field(repr=False)

    @cached_property
    def query(self) -> dict[str, Schema]:
        """The query parameters by name."""
        return {one["name"]: one for one in self._parameters("query")}

    @cached_property
    def path_arguments(self) -> list[str]:
        """The names of the arguments in the path, as far as parameters describe them."""
        return [one["name"] for one in self._parameters("path")]

    def _parameters(self, place: str) -> Iterator[Schema]:
        return (one for one in self.facts.get("parameters", ()) if one["in"] == place)

    @cached_property
    def body(self) -> Schema | None:
        """The schema of the body; ``None`` where there is none."""
        body: Schema | None = self.facts.get("body", {}).get("schema")
        return body

    @property
    def paging(self) -> dict[str, str]:
        """The place (``in``) and the names of the parameters ``page`` and ``size``, where there are any."""
        return dict(self.facts.get("paging", {}))

    @property
    def scope(self) -> str | None:
        """The scope that the operation needs; ``None`` where the document names none."""
        scope: str | None = self.facts.get("scope")
        return scope

    @property
    def is_authenticated(self) -> bool:
        """Whether the operation takes a token."""
        return bool(self.facts["security"])

    @cached_property
    def required_values(self) -> set[str]:
        """The required query parameters and top-level properties of the body."""
        body = resolved(self.body or {})
        variants = [resolved(one) for one in body.get("anyOf", [body])]
        required = {name for one in variants for name in one.get("required", ())}
        return required | {name for name, one in self.query.items() if one.get("required")}

    @cached_property
    def success(self) -> dict[str, Schema]:
        """The schemas of the one successful answer, by media type."""
        (answer,) = (one for status, one in self.facts["answers"].items() if status.startswith("2"))
        return dict(answer)

    @cached_property
    def answer(self) -> Schema | None:
        """The schema of that answer; ``None`` where it is not JSON."""
        return self.success.get(JSON)

    @cached_property
    def record(self) -> Schema | None:
        """The schema of a record in that answer, out of its envelope."""
        if self.answer is None:
            return None
        answer = resolved(self.answer)
        if answer.get("type") == "array":
            return dict(answer["items"])
        properties = properties_of(answer)
        if properties.keys() <= {"results", "data", "pagination"} and properties:
            inside = properties.get("results") or properties["data"]
            return dict(items_of(inside) or inside)
        return self.answer

    @cached_property
    def answers_with_many(self) -> bool:
        """Whether that answer holds any number of records, and not one."""
        if self.answer is None or self.record is self.answer:
            return False
        answer = resolved(self.answer)
        return answer.get("type") == "array" or any(map(items_of, properties_of(answer).values()))


OPERATIONS = {
    name: Operation(name, facts["method"], facts["path"], facts) for name, facts in API["operations"].items()
}
"""Every operation by its ``operationId``, in the order of the document."""

EVERY_OPERATION = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def operation_at(method: str, path: str) -> Operation | None:
    """Return the operation that a request reaches; the path with the fewest arguments wins."""
    fitting = [
        operation
        for operation in OPERATIONS.values()
        if operation.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), path)
    ]
    return min(fitting, key=lambda operation: operation.path.count("{"), default=None)
