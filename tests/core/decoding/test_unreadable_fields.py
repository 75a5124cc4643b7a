"""What cannot be read of a record is reported, and costs nothing else; short forms are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.page import UnreadableField
from sessionboard_async.errors import DecodeError
from sessionboard_async.models import BulkAnswer, Session, Tag, Track
from tests.core.decoding.decoder_models import ONE, TWO, Talk, declared, page, pages


def test_a_page_names_what_cannot_be_read_of_which_record() -> None:
    rows = [
        ONE,
        {"id": "x", "capacity": "N/A", "rooms": [{"id": "r", "capacity": "many"}, 7]},
        {"id": 5, "capacity": [1]},
        TWO,
    ]
    read = page(rows)
    assert [talk.id for talk in read.results] == ["a", "x", "5", "b"]
    assert read.skipped == 0
    assert read.unreadable == (
        UnreadableField("x", "$.capacity"),
        UnreadableField("x", "$.rooms[0].capacity"),
        UnreadableField("x", "$.rooms[1]"),
        UnreadableField("5", "$.capacity"),
    )
    assert page([ONE]).unreadable == ()


def test_unreadable_values_are_logged_once_for_each_path(caplog: pytest.LogCaptureFixture) -> None:
    decoder = pages()
    rows = [{"id": "x", "capacity": odd, "rooms": [{}, {"capacity": "SECRET"}]} for odd in ("SECRET", [1])]
    for number in (1, 2):
        decoder.decode(json.dumps(rows).encode(), page=number)
    assert [record.getMessage().partition("; ")[0] for record in caplog.records] == [
        "test-search: unexpected type at $.capacity: expected an integer, got string",
        "test-search: unexpected type at $.rooms[].capacity: expected an integer, got string",
    ]
    # The record is there: only the value is missing.
    assert {record.getMessage().partition("; ")[2] for record in caplog.records} == {
        "it cannot be read, and counts as missing"
    }
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    "row",
    [{"capacity": "many"}, {"id": None, "capacity": "many"}, {"id": ["x"], "title": "One"}, 7, None, []],
)
def test_what_has_no_id_or_is_no_object_is_an_error(row: object) -> None:
    with pytest.raises(DecodeError, match="index 1"):
        page([ONE, row])
    read = page([ONE, row], on_invalid="skip")
    assert ([talk.id for talk in read.results], read.skipped) == (["a"], 1)


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ({"id": 5}, "$.id"),
        ({"id": "x", "capacity": "70"}, "$.capacity"),
        ({"id": "x", "capacity": "N/A"}, "$.capacity"),
        ({"id": "x", "starts_at": "2026-08-01"}, "$.starts_at"),
        ({"id": "x", "rooms": [None]}, "$.rooms[]"),
        ({"id": "x", "rooms": [{"capacity": ""}]}, "$.rooms[].capacity"),
    ],
    ids=str,
)
def test_strict_decoding_refuses_every_mismatch(row: dict[str, Any], path: str) -> None:
    decoders = Decoders(is_strict=True)
    get, search = declared("test-get-strict", Talk), declared("test-search-strict", Talk)
    for decode in (
        lambda: decoders.record(get).decode(json.dumps(row).encode()),
        lambda: decoders.pages(search, Talk).decode(json.dumps([ONE, row]).encode(), page=1),
    ):
        with pytest.raises(DecodeError) as caught:
            decode()
        assert caught.value.path == path
    read = decoders.pages(search, Talk).decode(json.dumps([ONE, TWO]).encode(), page=1)
    assert len(read.results) == 2
    with pytest.raises(DecodeError, match="expected an integer"):
        decoders.pages(search, Talk).decode(b'{"results":[],"pagination":{"totalPages":"3"}}', page=1)


@pytest.mark.parametrize("pagination", ["x", [], {"currentPage": "x", "totalResults": 1}, {"totalPages": {}}])
def test_odd_pagination_costs_no_record(pagination: object) -> None:
    read = page({"results": [ONE], "pagination": pagination})
    assert [talk.id for talk in read.results] == ["a"]
    total = read.pagination.total_results if read.pagination else None
    assert total in (None, 1)
    out_of_bounds = b'{"results":[{"id":"a"}],"pagination":{"totalPages":1e999,"totalResults":1}}'
    assert page(out_of_bounds).results == (Talk(id="a"),)


# Short forms


def test_a_lookup_that_is_a_bare_name_becomes_an_object(caplog: pytest.LogCaptureFixture) -> None:
    id_ = "0f4b7a52-6d1f-4a1e-9f5e-0a9d3f5b2c11"
    sent: dict[str, object] = {
        "id": "s",
        "track": "Data",
        "room": id_,
        "level": ["Expert"],
        "custom_status": "Open",
    }
    sent |= {"tags": ["AI", {"name": "Web"}], "format": ["A", "B"], "language": 7}
    session = Decoders().record(declared("test-get-session", Session)).decode(json.dumps(sent).encode())
    assert session.track == Track(name="Data")
    assert session.room is not None
    assert session.level is not None
    assert session.custom_status is not None
    assert (session.room.id, session.room.name) == (id_, None)
    assert (session.level.name, session.custom_status.name) == ("Expert", "Open")
    assert session.tags == (Tag(name="AI"), Tag(name="Web"))
    assert (session.format, session.language) == (None, None)
    assert "unexpected type at $.track: expected an object, got string" in caplog.text
    assert "Data" not in caplog.text


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("Email taken", "Email taken"),
        (["Email taken", "No name"], "Email taken; No name"),
        ([{"message": "Email taken"}, "No name"], "Email taken; No name"),
        ([{"code": "taken", "message": "Email taken"}], "Email taken"),
        ({"code": "taken", "message": "Email taken"}, "Email taken"),
        ([7], None),
        (7, None),
    ],
    ids=str,
)
def test_the_error_of_an_outcome_is_a_text_a_list_or_an_object(error: object, message: str | None) -> None:
    sent = {"results": [{"status": "error", "error": error}, {"status": "success", "id": "b"}]}
    answer = Decoders().record(declared("test-bulk", BulkAnswer)).decode(json.dumps(sent).encode())
    first, second = answer.results
    assert (first.status, first.error.message if first.error else None) == ("error", message)
    assert (second.status, second.id) == ("success", "b")


@pytest.mark.parametrize("odd", [None, 7, "x", [], ["x"]], ids=str)
def test_an_outcome_that_cannot_be_read_keeps_the_places_of_the_others(odd: object) -> None:
    sent = {"results": [odd, {"status": "success", "id": "b"}]}
    answer = Decoders().record(declared("test-bulk", BulkAnswer)).decode(json.dumps(sent).encode())
    assert [(one.status, one.id) for one in answer.results] == [(None, None), ("success", "b")]
