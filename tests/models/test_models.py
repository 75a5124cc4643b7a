"""Properties that all models have."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import FieldInfo
from msgspec.structs import fields as struct_fields
from rich.pretty import pretty_repr

from sessionboard_async import models
from sessionboard_async.models import (
    AccountContact,
    Contact,
    Exhibitor,
    OpenRecord,
    Record,
    Session,
    SessionParticipant,
    SessionSpeaker,
    Sponsor,
    Timestamp,
)

MODELS: list[type[Record]] = sorted(
    (
        model
        for model in (getattr(models, name) for name in models.__all__)
        if isinstance(model, type) and issubclass(model, Record) and model not in (Record, OpenRecord)
    ),
    key=lambda model: model.__name__,
)
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)

PEOPLE: tuple[type[Record], ...] = (Contact, SessionSpeaker, SessionParticipant, AccountContact)
MAY_BE_SHOWN = {
    *("id", "friendly_id", "event_id", "title", "status", "name", "slug", "role", "mimetype", "key"),
    *("internal_name", "public_name", "parent_field_internal_name", "translated_language"),
    *("action", "code", "batch_id"),
    *("type", "document_type", "transcript_status", "method", "token_type", "scope", "client_name", "issuer"),
}


def fields(model: type[Record]) -> tuple[FieldInfo, ...]:
    """Return the fields of a model that the API sends, without ``as_sent``."""
    return tuple(field for field in struct_fields(model) if field.name != "as_sent")


def decode(model: type[Record], payload: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(payload), type=model)


def alternatives(type_: Any) -> list[Any]:
    """Return the types of an optional field, without ``None``."""
    if get_origin(type_) in (Annotated, dict) or type_ in (Any, str, int, float, bool):
        return [type_]
    return [option for option in get_args(type_) if option is not type(None)]


def is_record(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, Record)


def objects_in(model: type[Record]) -> Iterator[tuple[str, type[Record]]]:
    """Yield the fields of a model that hold one other record."""
    for field in fields(model):
        for option in alternatives(field.type):
            if is_record(option):
                yield field.encode_name, option


def filled(model: type[Record], path: str = "") -> dict[str, Any]:
    """Return a payload with every field set; each string in it names its place.

    The other spellings ``address_coutnry`` and ``eventId`` are left out: they are read into other fields.
    """

    def value(type_: Any, here: str) -> Any:
        if is_record(type_):
            return filled(type_, here)
        if get_origin(type_) is tuple:
            return [value(get_args(type_)[0], here)]
        if get_origin(type_) is dict:
            return {"key": value(str, f"{here}.key")}
        if type_ == Timestamp:
            return "2025-03-14T23:02:51.562000Z"
        return {int: 41, float: 1.5, bool: True}.get(type_, f"<{here}>")

    return {
        field.encode_name: value(alternatives(field.type)[0], f"{path}.{field.encode_name}".lstrip("."))
        for field in fields(model)
        if field.encode_name not in ("address_coutnry", "eventId")
    }


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inside in value.values():
            yield from strings_in(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from strings_in(inside)


OBJECTS = [(model, name, kind) for model in MODELS for name, kind in objects_in(model)]
EVERY_OBJECT = pytest.mark.parametrize(
    ("model", "name", "kind"), OBJECTS, ids=[f"{model.__name__}.{name}" for model, name, _ in OBJECTS]
)

MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 1),
    max_value=datetime(2090, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=7))]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(max_size=3), inside, max_size=2),
    max_leaves=4,
)


def values(type_: Any, depth: int) -> st.SearchStrategy[Any]:
    if is_record(type_):
        return payloads(type_, depth - 1)
    if get_origin(type_) is tuple:
        return st.lists(values(get_args(type_)[0], depth), max_size=2)
    if get_origin(type_) is dict:
        return st.dictionaries(st.text(max_size=3), values(get_args(type_)[1], depth), max_size=2)
    if type_ == Timestamp:
        return MOMENTS.map(datetime.isoformat)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(max_size=5),
        int: st.integers(-(2**53), 2**53),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        Any: JSON,
    }
    return simple[type_]


@st.composite
def payloads(draw: st.DrawFn, model: type[Record], depth: int = 3) -> dict[str, Any]:
    """Return a strategy of payloads for a model: some of its fields, some null, and unknown fields."""
    types = {field.encode_name: field.type for field in fields(model)}
    names = draw(st.lists(st.sampled_from(sorted(types)), max_size=6, unique=True)) if depth > 0 else []
    payload = {
        name: draw(st.none() | st.one_of(*(values(option, depth) for option in alternatives(types[name]))))
        for name in names
    }
    return payload | draw(st.dictionaries(st.sampled_from(["epoch_ms", "value_raw"]), JSON, max_size=1))


def test_every_record_that_can_be_reached_is_exported_and_nothing_else() -> None:
    reachable = set(MODELS)
    for model in MODELS:
        for field in fields(model):
            for option in alternatives(field.type):
                reachable |= {inside for inside in (option, *get_args(option)) if is_record(inside)}

    assert reachable == set(MODELS)
    assert set(models.__all__) == {model.__name__ for model in MODELS} | {
        *("Record", "OpenRecord", "EventId", "Timestamp", "BulkResult", "MediaPart")
    }


@EVERY_MODEL
def test_every_field_is_optional_and_none_means_not_there(model: type[Record]) -> None:
    nulls = dict.fromkeys(filled(model))

    assert decode(model, {}) == decode(model, nulls) == model()
    assert all(getattr(model(), field.name) is None for field in fields(model))
    assert msgspec.json.encode(model()) == b"{}"


@EVERY_MODEL
def test_records_are_made_by_name_never_change_and_are_no_work_for_the_collector(model: type[Record]) -> None:
    record = decode(model, filled(model))
    name = fields(model)[0].name

    with pytest.raises(TypeError):
        model("by position")
    with pytest.raises(AttributeError):
        setattr(record, name, None)
    assert not gc.is_tracked(record)


@EVERY_MODEL
def test_a_full_record_comes_out_field_for_field(model: type[Record]) -> None:
    payload = filled(model)

    assert msgspec.json.decode(msgspec.json.encode(decode(model, payload))) == payload


@EVERY_OBJECT
@pytest.mark.parametrize("sent", [{}, None, {"no_known_field": 1}], ids=["empty", "null", "unknown"])
def test_an_object_that_is_not_assigned_is_none(
    model: type[Record], name: str, kind: type[Record], sent: object
) -> None:
    assert getattr(decode(model, {name: sent}), name) is None


@EVERY_OBJECT
def test_an_object_with_any_field_set_is_kept(model: type[Record], name: str, kind: type[Record]) -> None:
    for inside, value in filled(kind).items():
        assert getattr(decode(model, {name: {inside: value}}), name) == decode(kind, {inside: value})


def test_the_objects_were_found() -> None:
    assert {(Session, "room"), (Session, "composition_status"), (SessionSpeaker, "participant_role")} <= {
        (model, name) for model, name, _ in OBJECTS
    }


def test_an_object_that_holds_nothing_but_an_empty_one_is_none() -> None:
    session = decode(Session, {"composition_status": {"target": {}}, "speakers": [{"participant_role": {}}]})

    assert session.composition_status is None
    assert session.speakers == (SessionSpeaker(),)


@EVERY_MODEL
def test_a_time_without_offset_is_refused(model: type[Record]) -> None:
    for field in fields(model):
        if Timestamp in alternatives(field.type):
            with pytest.raises(msgspec.ValidationError, match="timezone"):
                decode(model, {field.encode_name: "2026-08-09T12:00:00"})


@pytest.mark.parametrize(
    "sent", ["2025-03-14T23:02:51.562+00:00", "2025-03-14T23:02:51.562Z", "2025-03-15T00:02:51.562+01:00"]
)
def test_times_keep_their_milliseconds_and_their_offset(sent: str) -> None:
    contact = decode(Contact, {"updated_at": sent})

    assert contact.updated_at == datetime(2025, 3, 14, 23, 2, 51, 562_000, tzinfo=UTC)
    assert contact.updated_at.isoformat() == sent.replace("Z", "+00:00").replace("562", "562000")


@pytest.mark.parametrize("model", [Sponsor, Exhibitor])
@pytest.mark.parametrize(
    ("sent", "country"),
    [
        ({"address_coutnry": "CA"}, "CA"),
        ({"address_country": "CA"}, "CA"),
        ({"address_coutnry": "CA", "address_country": None}, "CA"),
        ({"address_coutnry": None, "address_country": "CA"}, "CA"),
        ({"address_coutnry": "US", "address_country": "CA"}, "CA"),
        ({"address_coutnry": None}, None),
        ({}, None),
    ],
)
def test_a_country_is_read_in_either_spelling_and_written_in_the_right_one(
    model: type[Sponsor | Exhibitor], sent: dict[str, str | None], country: str | None
) -> None:
    key = "sponsors" if model is Sponsor else "exhibitors"
    (account,) = getattr(decode(Session, {key: [sent]}), key)

    assert account.address_country == country
    assert account == model(address_country=country) == decode(model, sent)
    assert msgspec.to_builtins(account) == ({} if country is None else {"address_country": country})


@EVERY_MODEL
def test_a_repr_names_the_record_and_nothing_about_a_person(model: type[Record]) -> None:
    payload = filled(model)
    record = decode(model, payload)
    allowed = {"id", "friendly_id"} if model in PEOPLE else MAY_BE_SHOWN
    harmless = {text for name, text in payload.items() if name in allowed and isinstance(text, str)}
    telling = set(strings_in(payload)) - harmless

    for shown in (repr(record), str([record]), f"{record!r:.500}", pretty_repr(record, max_width=1000)):
        assert shown.lstrip("[").startswith(f"{model.__name__}(")
        assert [text for text in telling if text in shown] == []


def test_a_repr_shows_what_is_set() -> None:
    session = Session(id="s1", title="Opening", status="accepted", speakers=(SessionSpeaker(full_name="A"),))

    assert repr(session) == "Session(id='s1', title='Opening', status='accepted')"
    assert pretty_repr(session) == repr(session)
    assert repr(SessionSpeaker(id="c1", friendly_id="SPK-1", email="a@b.c")) == (
        "SessionSpeaker(id='c1', friendly_id='SPK-1')"
    )
    assert repr(Sponsor(id="a1", name="Umbra")) == "Sponsor(id='a1', name='Umbra')"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=settings().max_examples // 4)
@given(data=st.data())
@pytest.mark.untraced
def test_whatever_is_read_can_be_written_pickled_and_copied(model: type[Record], data: st.DataObject) -> None:
    record = decode(model, data.draw(payloads(model)))

    assert msgspec.json.decode(msgspec.json.encode(record), type=model) == record
    assert pickle.loads(pickle.dumps(record)) == record
    assert copy.deepcopy(record) == copy.copy(record) == record
