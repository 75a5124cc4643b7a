"""Ids and timestamps of records are the same in each form of a record: structs, dictionaries and JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.pagination.record_keys import (
    IdGetter,
    MillisecondTimestamps,
    id_getter,
    id_text,
    id_texts,
    no_id,
    timestamp_getter,
)


class Item(msgspec.Struct):
    id: str | int | None = None
    created_at: datetime | None = None


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


@pytest.mark.parametrize("id_", ["a", "", 7, 0, None])
def test_an_id_is_the_same_in_each_form(id_: str | int | None) -> None:
    assert id_getter(Item)(Item(id=id_)) == id_
    assert id_getter(dict)({"id": id_}) == id_
    assert id_getter(dict[str, Any])({"id": id_}) == id_
    assert id_getter(msgspec.Raw)(raw({"id": id_, "title": "One"})) == id_


def test_a_record_without_an_id_has_none() -> None:
    assert id_getter(dict)({"key": "a"}) is None
    assert id_getter(msgspec.Raw)(raw({"key": "a"})) is None
    getter: IdGetter = no_id
    assert getter(Item(id="a")) is None


@pytest.mark.parametrize("body", [b"", b"[1]", b'{"id": 1.5}', b'{"id": "\xff"}', b'{"id":' + b"[" * 10_000])
def test_json_that_is_no_record_has_neither_id_nor_time(body: bytes) -> None:
    assert id_getter(msgspec.Raw)(msgspec.Raw(body)) is None
    times = timestamp_getter(msgspec.Raw, "id")
    assert times(msgspec.Raw(body)) is None


@pytest.mark.parametrize(
    ("id_", "text"),
    [("a", "a"), ("", ""), (7, "7"), (0, "0"), (None, ""), (True, ""), (1.5, ""), (["a"], "")],
)
def test_an_id_as_text(id_: object, text: str) -> None:
    assert id_text(id_) == text
    assert id_texts([id_, "b"]) == [text, "b"]


def test_ids_that_are_texts_are_not_copied() -> None:
    texts, mixed = ["a", "b"], ["a", 1]
    assert id_texts(texts) is texts
    assert id_texts(mixed) == ["a", "1"]
    assert id_texts([]) == []


TIMES = {
    "2026-08-01T09:00:00Z": datetime(2026, 8, 1, 9, tzinfo=UTC),
    "2026-08-01T09:00:00.123+02:00": datetime(2026, 8, 1, 7, 0, 0, 123_000, tzinfo=UTC),
    "2026-08-01T09:00:00": None,
    "2026-08-01": None,
    "soon": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize("sent", TIMES)
def test_a_timestamp_is_the_same_in_each_form_and_always_aware(sent: str | None) -> None:
    record = {"created_at": sent, "updated_at": "2001-01-01T00:00:00Z"}
    assert timestamp_getter(dict, "created_at")(record) == TIMES[sent]
    assert timestamp_getter(dict[str, Any], "created_at")(record) == TIMES[sent]
    assert timestamp_getter(msgspec.Raw, "created_at")(raw(record)) == TIMES[sent]
    assert timestamp_getter(Item, "created_at")(Item(created_at=TIMES[sent])) == TIMES[sent]


@pytest.mark.parametrize("record", [{}, {"created_at": 5}, {"created_at": {}}])
def test_a_timestamp_that_is_missing_or_no_text_is_none(record: dict[str, object]) -> None:
    assert timestamp_getter(dict, "created_at")(record) is None
    assert timestamp_getter(msgspec.Raw, "created_at")(raw(record)) is None


MOMENTS = st.datetimes(datetime(1970, 1, 2), timezones=st.just(timezone(timedelta(hours=2))))


@given(st.lists(MOMENTS, max_size=5))
def test_timestamps_are_viewed_as_milliseconds(times: list[datetime]) -> None:
    expected = [(time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) for time in times]
    view = MillisecondTimestamps(times)
    assert len(view) == len(times)
    assert [*view] == expected
    assert [*view[1:3]] == expected[1:3]
