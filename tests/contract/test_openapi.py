"""The package held against the API's OpenAPI document, where that stands beside the checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from sessionboard_async import models
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, Pages
from sessionboard_async.core.page import Pagination
from sessionboard_async.services.fields import FieldModule, FieldScope, FieldSource
from sessionboard_async.services.search import (
    RECORD_SEARCH,
    STATUS_SEARCH,
    Expansion,
    SessionStatusName,
    search_body,
)

DOCUMENT = Path(__file__).parents[3] / "shared" / "sessionboard-openapi.yaml"

if not DOCUMENT.exists():
    pytest.skip(f"the API's document is not beside the checkout: no {DOCUMENT.name}", allow_module_level=True)


def load() -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(DOCUMENT.read_text(encoding="utf-8"), Loader=loader)  # a safe loader


API = load()
SCHEMAS: dict[str, Any] = API["components"]["schemas"]


def resolved(node: Any) -> Any:
    """Follow a reference within the document."""
    while "$ref" in node:
        target = API
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def operations() -> Iterator[tuple[str, tuple[str, str, dict[str, Any]]]]:
    for path, item in API["paths"].items():
        for method, operation in item.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                parameters = item.get("parameters", []) + operation.get("parameters", [])
                yield (
                    operation["operationId"],
                    (method.upper(), path, {**operation, "parameters": parameters}),
                )


OPERATIONS = dict(operations())
EVERY_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)

READS = {
    *("list-events", "search-sessions", "list-sessions", "search-sessions-by-status", "get-session"),
    *("search-speakers", "get-speaker"),
    *("search-event-contacts", "get-event-contact", "get-contact-sessions"),
    *("search-org-contacts", "get-org-contact", "get-org-contact-sessions"),
    *("search-sponsors", "get-sponsor", "search-exhibitors", "get-exhibitor"),
    *("list-fields", "search-fields", "list-statuses", "search-session-statuses"),
    *(
        f"{verb}-{family}"
        for family in ("rooms", "tracks", "tags", "formats", "levels", "languages")
        for verb in ("list", "search")
    ),
}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: f"_{match[1].lower()}", name)


def query_parameters(operation: dict[str, Any]) -> dict[str, Any]:
    parameters = map(resolved, operation["parameters"])
    return {one["name"]: resolved(one["schema"]) for one in parameters if one["in"] == "query"}


def body_schema(operation: dict[str, Any]) -> dict[str, Any]:
    content = resolved(operation["requestBody"])["content"]["application/json"]
    return dict(resolved(content["schema"])["properties"])


def answer_schema(operation: dict[str, Any]) -> dict[str, Any]:
    answer = resolved(operation["responses"]["200"])["content"]["application/json"]["schema"]
    return dict(answer)


def test_the_document_is_the_one_that_was_worked_from() -> None:
    assert len(OPERATIONS) == 177
    assert len(SCHEMAS) == 68
    assert len(READS) == 33
    assert OPERATIONS.keys() >= READS


def test_every_operation_that_reads_is_declared() -> None:
    assert ENDPOINTS.keys() >= READS


@EVERY_ENDPOINT
def test_an_operation_is_declared_as_the_document_has_it(endpoint: Endpoint[object]) -> None:
    method, path, _ = OPERATIONS[endpoint.operation_id]
    assert endpoint.method == method
    assert endpoint.path == re.sub(r"\{(\w+)\}", lambda match: f"{{{snake(match[1])}}}", path)


@EVERY_ENDPOINT
def test_only_what_reads_may_be_sent_twice(endpoint: Endpoint[object]) -> None:
    searches = endpoint.method == "POST" and endpoint.operation_id.startswith("search-")
    assert endpoint.read == (endpoint.method == "GET" or searches)


@pytest.mark.parametrize("name", sorted(READS))
def test_paging_is_asked_for_as_the_document_says(name: str) -> None:
    parameters = query_parameters(OPERATIONS[name][2])
    answer = ENDPOINTS[name].answer
    size = answer.size_parameter if isinstance(answer, Pages) else None
    assert {size} - {None} == parameters.keys() & {"pageSize", "page_size"}
    if size is not None:
        assert (parameters[size]["minimum"], parameters[size]["maximum"]) == (1, 100)
        assert (parameters["page"]["minimum"], parameters["page"]["maximum"]) == (1, 999)


# What can be asked for

EXPANSIONS = list(get_args(Expansion))
MOMENT = "2026-08-01T00:00:00Z"


def test_the_parameters_of_the_list_of_sessions_can_all_be_sent() -> None:
    # Sent and looked at in tests/integration/test_services.py; here only that there are no others.
    assert query_parameters(OPERATIONS["list-sessions"][2]).keys() == {
        *("page", "page_size", "is_abstract", "expand", "status", "track_id", "tag_id", "search")
    }


@pytest.mark.parametrize("name", sorted(READS - {"list-sessions"}))
def test_no_other_read_has_parameters_than_paging_and_expansions(name: str) -> None:
    parameters = query_parameters(OPERATIONS[name][2])
    assert parameters.keys() <= {"page", "pageSize", "expand"}
    if "expand" in parameters:
        assert parameters["expand"]["items"]["enum"] == EXPANSIONS


@pytest.mark.parametrize("name", sorted(name for name in READS if name.startswith("search-")))
def test_every_filter_sort_and_expansion_of_a_search_can_be_sent(name: str) -> None:
    properties = body_schema(OPERATIONS[name][2])
    kind = STATUS_SEARCH if name == "search-sessions-by-status" else RECORD_SEARCH
    sent = search_body(
        kind,
        {
            **{keyword: MOMENT for keyword in kind.keywords if keyword.endswith(("_after", "_before"))},
            "status": "accepted",
            "sort": "-updated_at",
            "expand": EXPANSIONS,
        },
        {"isAbstract": True, "module": "session", "source": "custom", "scope": "event"},
    )
    assert properties.keys() <= sent.keys()
    filters = resolved(properties["filters"])["properties"]
    assert filters.keys() <= sent["filters"].keys()  # type: ignore[attr-defined]  # the filters are an object
    for filter_name, schema in filters.items():
        if filter_name.endswith("At"):
            assert resolved(schema)["properties"].keys() == {"before", "after"}
    sort = resolved(properties["sort"])["properties"]
    assert sort.keys() == {"order", "sort"}
    fields = {sorted_by.removeprefix("-") for sorted_by in kind.sorts}
    assert {snake(field) for field in sort["order"]["enum"]} == fields
    assert sort["sort"]["enum"] == ["asc", "desc"]


def enumerated(name: str, *path: str) -> list[str]:
    schema: Any = {"properties": body_schema(OPERATIONS[name][2])}
    for step in path:
        schema = resolved(schema["properties"][step])
    return list(schema["enum"])


def test_the_words_of_filters_are_those_of_the_document() -> None:
    assert list(get_args(SessionStatusName)) == enumerated("search-sessions", "filters", "status")
    assert list(get_args(FieldModule)) == enumerated("search-fields", "filters", "module")
    assert list(get_args(FieldSource)) == enumerated("search-fields", "filters", "source")
    assert list(get_args(FieldScope)) == enumerated("search-fields", "filters", "scope")


# What comes back

MODELS: dict[str, type[msgspec.Struct]] = {
    "Pagination": Pagination,
    "CompositionTargetSummary": models.CompositionTarget,
    "CompositionStatus": models.CompositionStatus,
    "CompositionSource": models.CompositionSource,
    "CompositionDetail": models.CompositionDetail,
    "ContactSessionSummary": models.ContactSessionSummary,
    "OrgContactSessionSummary": models.OrgContactSessionSummary,
    "ContactSessionsResponse": models.ContactSessions,
    "OrgContactSessionsResponse": models.OrgContactSessions,
    "Event": models.Event,
    "Session": models.Session,
    "SessionStatus": models.SessionStatus,
    "Contact": models.Contact,
    "SessionSpeaker": models.SessionSpeaker,
    "ParticipantRole": models.ParticipantRole,
    "SessionParticipant": models.SessionParticipant,
    "Sponsor": models.Sponsor,
    "SessionSponsor": models.Sponsor,
    "Exhibitor": models.Exhibitor,
    "SessionExhibitor": models.Exhibitor,
    "AccountContact": models.AccountContact,
    "CustomFieldValue": models.CustomFieldValue,
    "TranslatedField": models.TranslatedField,
    "Content": models.Content,
    "Tag": models.Tag,
    "Track": models.Track,
    "Language": models.Language,
    "Format": models.Format,
    "Level": models.Level,
    "Room": models.Room,
    "Subsession": models.Subsession,
    "SubsessionDetailed": models.Subsession,
    "SubsessionStatus": models.SubsessionStatus,
    "SessionCustomStatus": models.Status,
    "Field": models.Field,
}

UNLIKE_THE_DOCUMENT: dict[tuple[str, str], str] = {
    ("Event", "id"): "an integer there, and a string on some servers",
    ("CustomFieldValue", "value"): "a string there, and any JSON value on the wire",
    ("Track", "event_id"): "an integer there, and a string on some servers",
    ("Language", "event_id"): "an integer there, and a string on some servers",
    ("Format", "event_id"): "an integer there, and a string on some servers",
    (
        "OrgContactSessionSummary",
        "event_id",
    ): "an integer there, and a string on some servers",
}
"""Fields whose type differs from the document on purpose."""


def properties_of(schema: Any) -> dict[str, Any]:
    schema = resolved(schema)
    found: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        found |= properties_of(part)
    found |= schema.get("properties", {})
    return found


def kind_of(schema: Any) -> str:
    """Say in one word what the document promises."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return MODELS[name].__name__ if name in MODELS else name
    for composed in ("allOf", "oneOf", "anyOf"):
        kinds = {kind_of(part) for part in schema.get(composed, ()) if part.get("type") != "null"}
        if len(kinds) == 1:
            return kinds.pop()
    type_ = schema.get("type")
    if isinstance(type_, list):
        type_ = next(one for one in type_ if one != "null")
    if type_ == "array":
        return f"{kind_of(schema['items'])}s"
    if type_ == "string" and schema.get("format") == "date-time":
        return "datetime"
    return str(type_)


def kind_in_python(type_: msgspec.inspect.Type) -> str:
    match type_:
        case msgspec.inspect.UnionType():
            kinds = [
                kind_in_python(one) for one in type_.types if not isinstance(one, msgspec.inspect.NoneType)
            ]
            return " or ".join(kinds)
        case msgspec.inspect.VarTupleType():
            return f"{kind_in_python(type_.item_type)}s"
        case msgspec.inspect.StructType():
            return type_.cls.__name__
        case _:
            names = {"str": "string", "int": "integer", "bool": "boolean", "float": "number"}
            name = type(type_).__name__.removesuffix("Type").lower()
            return names.get(name, name)


def fields_of(model: type[msgspec.Struct]) -> dict[str, msgspec.inspect.Type]:
    info = msgspec.inspect.type_info(model)
    assert isinstance(info, msgspec.inspect.StructType)
    return {field.encode_name: field.type for field in info.fields}


def struct_in(type_: msgspec.inspect.Type) -> type[msgspec.Struct] | None:
    """Return the class of an object, or of the objects of an array."""
    for option in type_.types if isinstance(type_, msgspec.inspect.UnionType) else (type_,):
        if isinstance(option, msgspec.inspect.StructType):
            return option.cls
        if isinstance(option, msgspec.inspect.VarTupleType):
            return struct_in(option.item_type)
    return None


def missing(schema: Any, model: type[msgspec.Struct]) -> Iterator[str]:
    """Name the properties that have no field, also in objects that the document describes in place."""
    fields = fields_of(model)
    for name, inside in properties_of(schema).items():
        if name not in fields:
            yield name
        elif struct := struct_in(fields[name]):
            yield from (f"{name}.{deeper}" for deeper in missing(inside.get("items", inside), struct))


def same_kind(name: str, theirs: str, ours: str) -> bool:
    # The document calls many times plain strings; an object that it describes in place has a name here.
    is_time = theirs == "string" and ours == "datetime" and snake(name).endswith("_at")
    is_described_in_place = theirs in {"object", "objects"} and ours[:1].isupper()
    return theirs == ours or is_time or is_described_in_place


@pytest.mark.parametrize("name", MODELS)
def test_every_property_of_a_schema_is_a_field_of_its_model(name: str) -> None:
    assert set(missing(SCHEMAS[name], MODELS[name])) == set()


@pytest.mark.parametrize("name", MODELS)
def test_every_field_has_the_type_that_the_document_promises(name: str) -> None:
    ours = {field: kind_in_python(type_) for field, type_ in fields_of(MODELS[name]).items()}
    theirs = {field: kind_of(schema) for field, schema in properties_of(SCHEMAS[name]).items()}
    differing = {
        field: (kind, ours[field])
        for field, kind in theirs.items()
        if not same_kind(field, kind, ours[field])
    }
    on_purpose = {field for schema, field in UNLIKE_THE_DOCUMENT if schema == name}
    assert {field: kinds for field, kinds in differing.items() if field not in on_purpose} == {}
    assert on_purpose - differing.keys() == set()


@pytest.mark.parametrize("name", sorted(READS))
def test_an_operation_answers_with_the_model_of_its_schema(name: str) -> None:
    answer = ENDPOINTS[name].answer
    schema = answer_schema(OPERATIONS[name][2])
    if isinstance(answer, Pages):
        record: Any = answer.record
        if schema.get("type") != "array":
            properties = schema["properties"]
            schema = properties.get("results") or properties["data"]
        assert kind_of(schema) == f"{record.__name__}s"
    else:
        assert kind_of(schema) == answer.__name__


def test_schemas_that_read_operations_reach_all_have_a_model() -> None:
    reached: set[str] = set()
    left: list[Any] = [answer_schema(OPERATIONS[name][2]) for name in READS]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            name = node.get("$ref", "").rpartition("/")[2]
            if name and name not in reached:
                reached.add(name)
                left.append(SCHEMAS[name])
            left += [value for key, value in node.items() if key != "$ref"]
    assert reached - MODELS.keys() == set()
