"""Records as plain values and back, as keys, and as fields of pydantic models."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from sessionboard_async import AsyncSession
from sessionboard_async.models import (
    ContentItem,
    CustomFieldValue,
    Dashboard,
    Record,
    Room,
    Session,
    SessionContent,
    Summary,
    Transcription,
    TranscriptionSummary,
    Widget,
)
from tests.models.payloads import EVERY_MODEL, MODELS, filled


@EVERY_MODEL
def test_a_record_is_a_key_copied_pickled_and_read_back(model: type[Record]) -> None:
    payload = filled(model)
    record = model.from_dict(payload)

    for same in (
        model.from_json(json.dumps(payload)),
        model.from_json(f"{record.to_json()}\n".encode()),
        model.from_dict(record.to_dict()),
        pickle.loads(pickle.dumps(record)),
        copy.deepcopy(record),
    ):
        assert (same, hash(same), type(same)) == (record, hash(record), type(record))
    assert record.to_dict() == json.loads(record.to_json()) == payload
    assert len({record, model()}) == 2
    assert model.from_json("{}") == model()
    assert (model().to_dict(), model().to_json()) == ({}, "{}")


def test_equal_ids_of_two_classes_are_two_keys_and_equality_is_of_values() -> None:
    assert hash(Session(id="a", title="Old")) == hash(Session(id="a", title="New"))
    assert Session(id="a", title="Old") != Session(id="a", title="New")
    assert len({Session(id="a"), Room(id="a"), Session(id="a")}) == 2
    fields = [CustomFieldValue(internal_name=f"f{number}", value=[number]) for number in range(20)]
    assert len(set(map(hash, fields))) == 20


@pytest.mark.anyio
async def test_every_record_of_a_server_is_a_key_and_every_line_reads_back(
    sessionboard: AsyncSession,
) -> None:
    talks = await sessionboard.sessions.search(4630).collect()
    lines = await sessionboard.sessions.search(4630).raw_json().collect()
    assert len({*talks}) == len(talks) > 100
    assert [Session.from_json(bytes(line)) for line in lines] == talks


def test_times_are_texts_and_come_back_from_either() -> None:
    start = datetime(2026, 9, 14, 9, tzinfo=UTC)
    talk = Session(id="a", starts_at=start, room=Room(name="Hall"))

    assert talk.to_dict() == {"id": "a", "starts_at": "2026-09-14T09:00:00Z", "room": {"name": "Hall"}}
    assert Session.from_dict({"id": "a", "starts_at": start, "room": {"name": "Hall"}}) == talk
    assert Session.from_dict(MappingProxyType(talk.to_dict())) == talk


def test_values_are_read_as_those_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        talk = Session.from_dict(
            {"id": "a", "capacity": "12", "room": {}, "track": "Maps", "starts_at": "", "tags": 3}
        )

    assert (talk.id, talk.capacity, talk.room, talk.starts_at, talk.tags) == ("a", 12, None, None, None)
    assert talk.track is not None
    assert talk.track.name == "Maps"
    assert "Session.from_json: unexpected type at $.capacity: expected an integer" in caplog.text
    assert Session.from_json(b'\xef\xbb\xbf{"title": "\\ud83d cut"}').title == "\ufffd cut"
    assert Session.from_dict({"title": "\ud83d cut"}).title == "\ufffd cut"
    assert Session.from_json('{"title": "\ud83d cut"}').title == "\ufffd cut"
    assert Session.from_json('{"title": "\ud83d\ude00"}').title == "\U0001f600"
    assert Dashboard.from_json('{"name": "n", "far": 1e999, "id": 7}').to_dict()["far"] is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON"),
        ("<html>", "no JSON"),
        ("[]", "expected an object"),
        ("null", "expected an object"),
        ('{"results": []}', "none of its fields"),
        ('{"title": ["private"]}', "expected a string, got array at $.title"),
        (b'{"title": "\xff"}', "UTF-8"),
    ],
)
def test_other_text_is_an_error_that_shows_no_value(text: str | bytes, reason: str) -> None:
    with pytest.raises(ValueError, match="cannot read a Session") as caught:
        Session.from_json(text)
    assert reason in str(caught.value)
    assert "private" not in str(caught.value)
    assert caught.value.__context__ is None


def test_arguments_of_other_types_are_refused() -> None:
    wrong: Any = ["a"]
    for read in (Session.from_json, Session.from_dict):
        with pytest.raises(TypeError, match="not list"):
            read(wrong)


def test_an_open_record_writes_everything_it_was_sent_and_what_was_changed() -> None:
    sent = {"id": "d1", "more": [1], "widgets": [{"id": "w1", "x": 1}]}
    dashboard = Dashboard.from_dict(sent)
    changed = replace(dashboard, name="New", widgets=(Widget(id="w2"),))

    assert dashboard.to_dict() == sent
    assert changed.to_dict() == {"id": "d1", "more": [1], "name": "New", "widgets": [{"id": "w2"}]}
    dashboard.to_dict()["more"].append(2)
    assert dashboard.to_dict() == sent


def test_objects_of_several_kinds_are_read_in_their_kind() -> None:
    assert isinstance(Transcription.from_dict({"type": "summary"}), TranscriptionSummary)
    assert isinstance(ContentItem.from_dict({"type": "summary"}), ContentItem)
    content = SessionContent.from_dict({"id": "a", "items": [{"type": "summary", "text": "t", "x": 1}]})
    assert isinstance((content.items or ())[0], Summary)
    assert SessionContent.from_json(content.to_json()) == content


@pytest.mark.slow
def test_every_record_is_a_field_of_a_pydantic_model() -> None:
    pydantic = pytest.importorskip("pydantic")
    for model in MODELS:
        holder = pydantic.create_model("Holder", one=(model, ...), many=(list[model], []))  # type: ignore[valid-type]  # a type known at run time
        record = model.from_dict(filled(model))
        held = holder(one=filled(model), many=[record])

        assert (held.one, held.many) == (record, [record])
        assert held.many[0] is record
        assert holder.model_validate_json(held.model_dump_json()) == held
        assert held.model_dump() == {"one": record.to_dict(), "many": [record.to_dict()]}
        schema = holder.model_json_schema()
        assert schema == holder.model_json_schema(mode="serialization")
        assert {*record.to_dict()} <= {*schema["$defs"][model.__name__]["properties"]}
        wrong: tuple[object, ...] = (3, [], None, "text")
        for other in wrong:
            with pytest.raises(pydantic.ValidationError):
                holder(one=other)


@pytest.mark.slow
def test_pydantic_is_imported_only_by_those_who_use_it() -> None:
    script = "import sys; from sessionboard_async.models import Session; Session.from_json('{}').to_dict()"
    command = [sys.executable, "-c", f"{script}; print(*sys.modules)"]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "sessionboard_async.models" in loaded
    assert UNWANTED.isdisjoint(loaded)


UNWANTED = {"pydantic", "pydantic_core"}
