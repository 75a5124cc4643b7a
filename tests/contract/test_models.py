"""Every schema of an answer has a model with its properties as fields of the same types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from sessionboard_async import models
from sessionboard_async.core.endpoint import ENDPOINTS, Pages
from sessionboard_async.core.page import Pagination
from tests.contract.differences import listed
from tests.contract.operations import (
    EVERY_OPERATION,
    SCHEMAS,
    Operation,
    Schema,
    items_of,
    name_of,
    properties_of,
    snake,
)

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
    "GDPRRequest": models.GDPRRequest,
    "BulkResponse": models.BulkAnswer,
    "AgendaDraft": models.AgendaDraft,
    "DraftSession": models.DraftSession,
    "EventRule": models.Rule,
    "Persona": models.Persona,
    "Transcription": models.Transcription,
    "TranscriptionElement": models.TranscriptionElement,
    "ContentItem": models.ContentItem,
    "SessionContent": models.SessionContent,
    "EventContent": models.EventContent,
    "Recording": models.Recording,
    "MediaItem": models.MediaItem,
}

REQUESTS = {
    *("DateRangeFilter", "SortOptions", "RecordSearchBody", "SessionSearchBody", "BulkOperations"),
    *("TranscriptionCreateRequest", "SessionFileCreateRequest", "SessionFileUpdateRequest"),
}
"""Schemas that are only sent: tests/contract/test_calls.py."""


def test_every_schema_of_an_answer_has_a_model() -> None:
    envelopes = {name for name, schema in SCHEMAS.items() if "data" in schema.get("properties", {})}
    assert SCHEMAS.keys() - envelopes - REQUESTS == MODELS.keys()


def model_of(operation: Operation) -> type[Any] | None:
    """Return the type of a record in the answers of an operation."""
    answer = ENDPOINTS[operation.id].answer
    return answer.record if isinstance(answer, Pages) else answer


@EVERY_OPERATION
def test_an_operation_answers_with_the_model_of_its_schema(operation: Operation) -> None:
    model, schema = model_of(operation), operation.record
    if schema is None:
        return
    assert isinstance(ENDPOINTS[operation.id].answer, Pages) == operation.answers_with_many
    assert model is not None
    if name := name_of(schema):
        assert model is MODELS[name]
    elif properties_of(schema):
        assert set(missing(schema, model)) == set()
        differing = {(operation.id, f"field {field}") for field in unlike(schema, model)}
        assert differing == {one for one in listed("field") if one[0] == operation.id}


def kind_of(schema: Schema) -> str:
    """Say in one word what the document promises."""
    if name := name_of(schema):
        return MODELS[name].__name__
    for composed in ("allOf", "anyOf"):
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
    """Say the same of the type of a field."""
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
        case msgspec.inspect.DictType():
            return "object"
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


def missing(schema: Schema, model: type[msgspec.Struct]) -> Iterator[str]:
    """Name the properties that have no field, also in objects that the document describes in place."""
    fields = fields_of(model)
    for name, inside in properties_of(schema).items():
        if name not in fields:
            yield name
        elif struct := struct_in(fields[name]):
            yield from (f"{name}.{deeper}" for deeper in missing(inside.get("items", inside), struct))


def same_kind(name: str, theirs: str, ours: str) -> bool:
    # The document declares many times as plain strings; an object described in place has a name here.
    is_time = theirs == "string" and ours == "datetime" and snake(name).endswith("_at")
    is_described_in_place = theirs in {"object", "objects"} and ours[:1].isupper()
    return theirs == ours or is_time or is_described_in_place


def unlike(schema: Schema, model: type[msgspec.Struct]) -> Iterator[str]:
    """Name the fields that differ in type from their property, also in objects described in place."""
    fields = fields_of(model)
    for name, inside in properties_of(schema).items():
        described = items_of(inside) or inside
        if not same_kind(name, kind_of(inside), kind_in_python(fields[name])):
            yield name
        elif (struct := struct_in(fields[name])) and kind_of(described) == "object":
            yield from (f"{name}.{deeper}" for deeper in unlike(described, struct))


@pytest.mark.parametrize("name", MODELS)
def test_every_property_of_a_schema_is_a_field_of_its_model(name: str) -> None:
    assert set(missing(SCHEMAS[name], MODELS[name])) == set()


@pytest.mark.parametrize("name", MODELS)
def test_every_field_has_the_type_of_its_property(name: str) -> None:
    differing = {(name, f"field {field}") for field in unlike(SCHEMAS[name], MODELS[name])}
    assert differing == {one for one in listed("field") if one[0] == name}
