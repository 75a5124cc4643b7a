"""Distil the API's OpenAPI document into ``operations.json``, the table that the contract tests read.

Run it whenever the document changes::

    python -m tests.contract.distil ../shared/sessionboard-openapi.yaml

The table holds facts only: names, types, paths and scopes. Descriptions and examples stay behind.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from openapi_spec_validator import validate

Schema = dict[str, Any]

TABLE = Path(__file__).with_name("operations.json")

METHODS = ("get", "post", "put", "patch", "delete")

KEYWORDS = (
    *("$ref", "type", "format", "enum", "minimum", "maximum", "maxItems"),
    *("required", "additionalProperties", "properties", "items", "allOf", "anyOf"),
)
"""The keywords of a schema that the table keeps, in this order."""

PAGING = {"page": ("page",), "size": ("pageSize", "page_size", "limit")}
"""The names under which operations take the number and the size of a page."""

LINE = 110
"""The most characters of a line of the table."""


def distil(document: dict[str, Any]) -> dict[str, Any]:
    """Return the table of a document."""
    components = document["components"]
    return {
        "security": {
            name: {key: scheme[key] for key in ("type", "in", "name", "scheme") if key in scheme}
            for name, scheme in components["securitySchemes"].items()
        },
        "schemas": {name: schema_facts(schema) for name, schema in components["schemas"].items()},
        "operations": {
            content["operationId"]: operation_facts(document, method, path, content)
            for path, item in document["paths"].items()
            for method, content in item.items()
            if method in METHODS
        },
    }


def operation_facts(document: dict[str, Any], method: str, path: str, content: Schema) -> dict[str, Any]:
    """Return the facts of one operation."""
    named = [*document["paths"][path].get("parameters", ()), *content.get("parameters", ())]
    parameters = [parameter_facts(_resolved(document, one)) for one in named]
    body = body_facts(_resolved(document, content.get("requestBody", {})))
    answers = {status: _resolved(document, answer) for status, answer in content["responses"].items()}
    security = content.get("security", document["security"])
    return _without_empty(
        {
            "method": method.upper(),
            "path": path,
            "scope": scope(content),
            "security": [name for one in security for name in one],
            "parameters": parameters,
            "body": body,
            "paging": paging(parameters, body.get("schema", {})),
            "answers": {
                status: {kind: schema_facts(one["schema"]) for kind, one in answer.get("content", {}).items()}
                for status, answer in answers.items()
            },
        }
    )


def parameter_facts(parameter: Schema) -> dict[str, Any]:
    """Return the facts of a parameter of the path or the query."""
    described = re.findall(r"[`,](\w+)(?=[`,])", parameter.get("description", ""))
    is_open = parameter["name"] == "expand" and "enum" not in json.dumps(parameter["schema"])
    return _without_empty(
        {
            "name": parameter["name"],
            "in": parameter["in"],
            "required": parameter.get("required"),
            "schema": schema_facts(parameter["schema"]),
            # Words that only the description lists.
            "words": sorted(set(described)) if is_open else None,
        }
    )


def body_facts(body: Schema) -> dict[str, Any]:
    """Return the facts of a request body; empty where there is none."""
    for kind, content in body.get("content", {}).items():
        return _without_empty(
            {"type": kind, "required": body.get("required"), "schema": schema_facts(content["schema"])}
        )
    return {}


def paging(parameters: list[Schema], body: Schema) -> dict[str, str]:
    """Return where an operation takes the number and the size of a page, and under which names."""
    query = {one["name"] for one in parameters if one["in"] == "query"}
    for place, names in (("query", query), ("body", body.get("properties", {}).keys())):
        if found := {role: name for role, choices in PAGING.items() for name in choices if name in names}:
            return {"in": place, **found}
    return {}


def scope(content: Schema) -> str | None:
    """Return the scope that the texts of an operation name; ``None`` where they name none."""
    refusal = content["responses"].get("403", {}).get("description", "")
    for pattern, text in (
        (r"Requires (?:the )?`(\w+:\w+)`", content.get("description", "")),
        (r"Missing (\w+:\w+) scope", refusal),
    ):
        if named := re.search(pattern, text):
            return named[1]
    return None


def schema_facts(schema: Schema) -> Schema:
    """Return a schema without its texts, in the words of JSON Schema."""
    schema = dict(schema)
    # Version 3.1 has no `nullable`; the document uses it all the same.
    if schema.pop("nullable", None) is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    # Version 3.1 gives raw bytes no type.
    if schema.get("format") == "binary":
        schema.pop("type", None)
    # The alternatives of the document overlap: a UUID is a string too, so never exactly one is right.
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    return {keyword: _inner_facts(keyword, schema[keyword]) for keyword in KEYWORDS if keyword in schema}


def _inner_facts(keyword: str, value: Any) -> Any:
    if keyword == "properties":
        return {name: schema_facts(inside) for name, inside in value.items()}
    if keyword in {"allOf", "anyOf"}:
        return [schema_facts(inside) for inside in value]
    return schema_facts(value) if isinstance(value, dict) else value


def _resolved(document: dict[str, Any], node: Any) -> Any:
    """Follow a reference within the document."""
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _without_empty(facts: dict[str, Any]) -> dict[str, Any]:
    kept_empty = {"answers", "schema", "security"}
    return {key: value for key, value in facts.items() if value or key in kept_empty}


def load(path: Path) -> dict[str, Any]:
    """Read the document."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return document


def render(table: dict[str, Any]) -> str:
    """Write a table as JSON: an object or array stands on one line where it fits."""
    return "".join(_render(table, "", 0)) + "\n"


def _render(value: Any, before: str, depth: int) -> Iterator[str]:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or (depth and len(before) + 2 * depth + len(line) < LINE):
        yield line
        return
    is_object = isinstance(value, dict)
    pairs = [(f"{json.dumps(key)}: ", value[key]) for key in value] if is_object else [("", v) for v in value]
    yield "{" if is_object else "["
    for number, (name, inside) in enumerate(pairs):
        yield f"{',' if number else ''}\n{'  ' * (depth + 1)}{name}"
        yield from _render(inside, name, depth + 1)
    yield f"\n{'  ' * depth}{'}' if is_object else ']'}"


def main() -> None:
    """Check the document named on the command line, and write its table."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.distil", description="Write the table.")
    parser.add_argument("document", type=Path, help="the API's OpenAPI document")
    document = load(parser.parse_args().document)
    validate(document)
    TABLE.write_text(render(distil(document)), encoding="utf-8")


if __name__ == "__main__":
    main()
