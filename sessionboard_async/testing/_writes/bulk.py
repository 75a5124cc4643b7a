"""Bulk writes: each operation of a request succeeds or fails alone and has its own result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.errors import ERROR_NAMES, RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.seeded import uuid_for

LARGEST_BATCH = 100

Values = dict[str, Any]


def run_bulk(
    clock: Clock,
    body: Mapping[str, Any],
    *,
    create: Callable[[Values], Record],
    update: Callable[[str, Values], object],
    delete: Callable[[str], object],
) -> Record:
    """Perform every operation of a bulk request, in order; a refused operation does not affect the others.

    Args:
        clock: Makes the batch ids unique.
        body: The body of the request.
        create: Creates a record from the ``data`` of an operation.
        update: Updates the record with an id.
        delete: Deletes the record with an id.

    Returns:
        The answer: ``batch_id``, ``results`` with one result per operation, and ``stats``.

    Raises:
        RequestError: With 400 if there are no operations or more than 100. Errors of the three functions
            appear only in the results.
    """
    operations = body.get("operations")
    if not isinstance(operations, list):
        raise RequestError(400, "operations must be a list")
    listed = cast("list[object]", operations)
    if not 1 <= len(listed) <= LARGEST_BATCH:
        raise RequestError(400, f"operations must hold from 1 to {LARGEST_BATCH} operations")

    def perform(action: object, id_: object, data: object) -> str:
        if action not in ("create", "update", "delete"):
            raise RequestError(400, "action must be one of create, update, delete")
        if action != "delete" and not isinstance(data, dict):
            raise RequestError(400, f"data is required to {action}")
        if action == "create":
            return str(create(cast("Values", data))["id"])
        if not isinstance(id_, str) or not id_:
            raise RequestError(400, f"id is required to {action}")
        if action == "update":
            update(id_, cast("Values", data))
        else:
            delete(id_)
        return id_

    results = [_outcome(index, operation, perform) for index, operation in enumerate(listed)]
    failed = sum(outcome["status"] == "error" for outcome in results)
    return {
        "batch_id": uuid_for("batch", clock.read()),
        "results": results,
        "stats": {"total": len(results), "succeeded": len(results) - failed, "failed": failed},
    }


def _outcome(index: int, operation: object, perform: Callable[[object, object, object], str]) -> Record:
    given = cast("Values", operation) if isinstance(operation, dict) else {}
    action, id_ = given.get("action"), given.get("id")
    outcome: Record = {"index": index, "action": action if isinstance(action, str) else ""}
    if isinstance(id_, str):
        outcome["id"] = id_
    try:
        return {**outcome, "status": "success", "id": perform(action, id_, given.get("data"))}
    except RequestError as refused:
        error = {"code": ERROR_NAMES.get(refused.status, "Error"), "message": refused.message}
        return {**outcome, "status": "error", "error": error}
