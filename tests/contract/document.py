"""The API's OpenAPI document, where it stands beside the checkout, and what the tests ask of it.

Importing this skips the module that does so where the document is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCUMENT = Path(__file__).parents[3] / "shared" / "sessionboard-openapi.yaml"

if not DOCUMENT.exists():
    pytest.skip(f"the API's document is not beside the checkout: no {DOCUMENT.name}", allow_module_level=True)

Schema = dict[str, Any]
JSON = "application/json"
_METHODS = ("get", "post", "put", "patch", "delete")


def _load() -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(DOCUMENT.read_text(encoding="utf-8"), Loader=loader)  # a safe loader
    _say_as_meant(document)
    return document


def _say_as_meant(node: Any) -> None:
    if isinstance(node, dict):
        # It calls itself 3.1, where validators know no `nullable`, and uses the word all the same.
        if node.pop("nullable", None) is True and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        # ... and where raw bytes have no type.
        if node.get("format") == "binary":
            node.pop("type", None)
        # Its alternatives overlap, as a UUID is a string too: never is exactly one of them right.
        if "oneOf" in node:
            node["anyOf"] = node.pop("oneOf")
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _say_as_meant(child)


API = _load()
SCHEMAS: dict[str, Schema] = API["components"]["schemas"]


def resolved(node: Any) -> Any:
    """Follow a reference within the document."""
    while "$ref" in node:
        target = API
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def name_of(schema: Schema) -> str | None:
    """Return the name under which the document describes a schema once for all."""
    reference: str = schema.get("$ref", "")
    return reference.rpartition("/")[2] or None


def properties_of(schema: Schema) -> dict[str, Schema]:
    """Return every property that an object may have, whichever part of its schema promises it."""
    schema = resolved(schema)
    found: dict[str, Schema] = {}
    for composed in ("allOf", "anyOf"):
        for part in schema.get(composed, ()):
            found |= properties_of(part)
    return {**found, **schema.get("properties", {})}


def items_of(schema: Schema) -> Schema | None:
    """Return what an array holds; ``None`` for what is no array."""
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
    """One operation of the document."""

    id: str
    method: str
    path: str
    content: Schema = field(repr=False)

    @cached_property
    def query(self) -> dict[str, Schema]:
        """The query parameters by name."""
        return {one["name"]: one for one in self._parameters("query")}

    @cached_property
    def path_arguments(self) -> list[str]:
        """The names of the arguments in the path, as far as parameters describe them."""
        return [one["name"] for one in self._parameters("path")]

    def _parameters(self, place: str) -> list[Schema]:
        parameters = API["paths"][self.path].get("parameters", []) + self.content.get("parameters", [])
        return [one for one in map(resolved, parameters) if one["in"] == place]

    @cached_property
    def body(self) -> Schema | None:
        """The schema of the body; ``None`` where there is none."""
        if "requestBody" not in self.content:
            return None
        (content,) = resolved(self.content["requestBody"])["content"].values()
        schema: Schema = content["schema"]
        return schema

    @cached_property
    def required_values(self) -> set[str]:
        """The query parameters and top-level properties of the body without which it is refused."""
        body = resolved(self.body or {})
        variants = [resolved(one) for one in body.get("anyOf", [body])]
        required = {name for one in variants for name in one.get("required", ())}
        return required | {name for name, one in self.query.items() if one.get("required")}

    @cached_property
    def success(self) -> Schema:
        """The one answer that is a success."""
        (answer,) = (one for status, one in self.content["responses"].items() if status.startswith("2"))
        return dict(resolved(answer))

    @cached_property
    def answer(self) -> Schema | None:
        """The schema of that answer; ``None`` where it is not JSON."""
        content = self.success.get("content", {})
        return dict(content[JSON]["schema"]) if JSON in content else None

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

    @cached_property
    def scope(self) -> str | None:
        """The scope that it says it needs; ``None`` where it says nothing of one."""
        refusal = self.content["responses"].get("403", {}).get("description", "")
        for pattern, text in (
            (r"Requires (?:the )?`(\w+:\w+)`", self.content.get("description", "")),
            (r"Missing (\w+:\w+) scope", refusal),
        ):
            if named := re.search(pattern, text):
                return named[1]
        return None


def _operations() -> Iterator[Operation]:
    for path, item in API["paths"].items():
        for method in item.keys() & set(_METHODS):
            yield Operation(item[method]["operationId"], method.upper(), path, item[method])


OPERATIONS = {operation.id: operation for operation in _operations()}
"""Every operation by its ``operationId``."""

EVERY_OPERATION = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def operation_at(method: str, path: str) -> Operation | None:
    """Return the operation that a request reaches; a path without arguments goes before one that fits."""
    fitting = [
        operation
        for operation in OPERATIONS.values()
        if operation.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), path)
    ]
    return min(fitting, key=lambda operation: operation.path.count("{"), default=None)
