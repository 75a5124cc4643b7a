"""Bulk writes: a refused operation does not affect the others."""

from __future__ import annotations

from typing import Any

import pytest

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.store import RecordStore
from sessionboard_async.testing._writes.bulk import run_bulk

CLOCK = Clock(lambda: 0)


def rooms() -> RecordStore:
    return RecordStore("room", CLOCK, "rooms")


def bulk(store: RecordStore, *operations: object) -> dict[str, Any]:
    answer = run_bulk(
        CLOCK,
        {"operations": list(operations)},
        create=store.create,
        update=store.update,
        delete=store.delete,
    )
    return dict(answer)


def test_every_operation_has_its_outcome_in_the_order_given() -> None:
    store = rooms()
    hall, cellar = store.create({"name": "Hall"}), store.create({"name": "Cellar"})
    answer = bulk(
        store,
        {"action": "create", "data": {"name": "Attic"}},
        {"action": "update", "id": hall["id"], "data": {"name": "Great hall"}},
        {"action": "delete", "id": cellar["id"]},
    )
    great_hall, attic = store.all()
    assert (great_hall["name"], attic["name"]) == ("Great hall", "Attic")
    assert answer["results"] == [
        {"index": 0, "action": "create", "status": "success", "id": attic["id"]},
        {"index": 1, "action": "update", "status": "success", "id": hall["id"]},
        {"index": 2, "action": "delete", "status": "success", "id": cellar["id"]},
    ]
    assert answer["stats"] == {"total": 3, "succeeded": 3, "failed": 0}


def test_one_bad_item_does_not_fail_the_others() -> None:
    store = rooms()
    hall = store.create({"name": "Hall"})
    answer = bulk(
        store,
        {"action": "update", "id": "gone", "data": {"name": "?"}},
        {"action": "update", "id": hall["id"], "data": {"updated_at": "2020-01-01T00:00:00Z"}},
        {"action": "delete", "id": hall["id"]},
    )
    missing, stale, deleted = answer["results"]
    assert missing == {
        "index": 0,
        "action": "update",
        "status": "error",
        "id": "gone",
        "error": {"code": "NotFoundError", "message": "there is no such room"},
    }
    assert stale["error"]["code"] == "ConflictError"
    assert deleted["status"] == "success"
    assert not store.all()
    assert answer["stats"] == {"total": 3, "succeeded": 1, "failed": 2}


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        ("create", "action must be one of create, update, delete"),
        ({"action": ["create"], "data": {}}, "action must be one of create, update, delete"),
        ({"action": "restore", "id": "1"}, "action must be one of create, update, delete"),
        ({"action": "create"}, "data is required to create"),
        ({"action": "update", "id": "1", "data": []}, "data is required to update"),
        ({"action": "update", "data": {}}, "id is required to update"),
        ({"action": "delete", "id": 5}, "id is required to delete"),
    ],
)
def test_an_invalid_operation_is_refused_alone(operation: object, says: str) -> None:
    store = rooms()
    refused, made = bulk(store, operation, {"action": "create", "data": {"name": "Hall"}})["results"]
    assert (refused["index"], refused["status"]) == (0, "error")
    assert refused["error"] == {"code": "BadRequestError", "message": says}
    assert made["id"] == store.all()[0]["id"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operations": None},
        {"operations": {}},
        {"operations": []},
        {"operations": [{"action": "create", "data": {}}] * 101},
    ],
)
def test_no_operations_or_more_than_100_are_refused_as_a_whole(body: dict[str, Any]) -> None:
    store = rooms()
    with pytest.raises(RequestError, match="operations must") as caught:
        run_bulk(CLOCK, body, create=store.create, update=store.update, delete=store.delete)
    assert caught.value.status == 400
    assert not store.all()


def test_100_operations_are_done_and_no_two_batches_have_the_same_id() -> None:
    store = rooms()
    many = [{"action": "create", "data": {"name": f"Room {number}"}} for number in range(100)]
    first, second = bulk(store, *many), bulk(store, *many)
    assert first["batch_id"] != second["batch_id"]
    assert len(store) == 200
