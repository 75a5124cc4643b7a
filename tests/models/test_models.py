"""Properties that all models have."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from sessionboard_async import models
from sessionboard_async.models import (
    AccountContact,
    BulkItemError,
    BulkOutcome,
    Contact,
    Exhibitor,
    Record,
    Session,
    SessionParticipant,
    SessionSpeaker,
    Sponsor,
    Timestamp,
)
from tests.models.payloads import (
    EVERY_MODEL,
    MODELS,
    alternatives,
    decode,
    fields,
    filled,
    is_record,
    payloads,
)

PEOPLE: tuple[type[Record], ...] = (Contact, SessionSpeaker, SessionParticipant, AccountContact)
MAY_BE_SHOWN = {
    *("id", "friendly_id", "event_id", "title", "status", "name", "slug", "role", "mimetype", "key"),
    *("internal_name", "public_name", "parent_field_internal_name", "translated_language"),
    *("action", "code", "batch_id"),
    *("type", "document_type", "transcript_status", "method", "token_type", "scope", "client_name", "issuer"),
}


def objects_in(model: type[Record]) -> Iterator[tuple[str, type[Record]]]:
    """Yield the fields of a model that hold one other record."""
    for field in fields(model):
        for option in alternatives(field.type):
            if is_record(option):
                yield field.encode_name, option


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
    if model is BulkOutcome:  # The code of a refusal is a word of the API.
        harmless.add(payload["error"]["code"])
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
    reason = BulkItemError(code="CONFLICT", message="a@b.c was changed")
    assert repr(BulkOutcome(index=0, status="error", error=reason)) == (
        "BulkOutcome(index=0, status='error', error=BulkItemError(code='CONFLICT'))"
    )


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=settings().max_examples // 4)
@given(data=st.data())
@pytest.mark.untraced
def test_whatever_is_read_can_be_written_pickled_and_copied(model: type[Record], data: st.DataObject) -> None:
    record = decode(model, data.draw(payloads(model)))

    assert msgspec.json.decode(msgspec.json.encode(record), type=model) == record
    assert model.from_json(record.to_json()).to_dict() == record.to_dict()
    assert pickle.loads(pickle.dumps(record)) == record
    assert copy.deepcopy(record) == copy.copy(record) == record
