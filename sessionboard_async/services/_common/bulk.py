"""Bulk writes: operations as values, sent in batches, with one result."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, aclosing
from typing import Any, NamedTuple, cast

import msgspec
from msgspec.structs import replace

from sessionboard_async.errors import APIError, BulkInterruptedError, ConnectError
from sessionboard_async.models.bulk import BulkAnswer, BulkOutcome, BulkResult
from sessionboard_async.models.translation import RecordWithFields
from sessionboard_async.services._common.payloads import Extra, identified, payload

LARGEST_BATCH = 100
"""The most operations in one request."""


class Operation(msgspec.Struct, frozen=True):
    """An operation of a bulk write: ``Create``, ``Update`` or ``Delete``."""


class Create(Operation, frozen=True):
    """Create a record.

    Attributes:
        data: The values: the keywords of the service's ``create``.
        extra: More properties, under the API's names.
    """

    data: Mapping[str, object]
    extra: Extra | None = None

    def __repr__(self) -> str:
        # The values may be personal data.
        return "Create(...)"


class Update(Operation, frozen=True):
    """Update a record.

    Attributes:
        id: The record, whose ``updated_at`` is sent back so that no change made meanwhile is overwritten; or
            its id.
        data: The values to change: the keywords of the service's ``update``.
        extra: More properties, under the API's names.
    """

    id: str | RecordWithFields
    data: Mapping[str, object]
    extra: Extra | None = None

    def __repr__(self) -> str:
        # The values may be personal data.
        return f"Update({self.id!r}, ...)"


class Delete(Operation, frozen=True):
    """Delete a record.

    Attributes:
        id: The record, or its id.
    """

    id: str | RecordWithFields


Operations = Iterable[Operation] | AsyncIterable[Operation]


class BulkValues(NamedTuple):
    """The values of the operations of a service, as ``TypedDict`` classes."""

    create: type[Any]
    update: type[Any]


Encoded = dict[str, object]
Send = Callable[[list[Encoded]], Awaitable[BulkAnswer]]


async def run_bulk(operations: Operations, values: BulkValues, send: Send) -> BulkResult:
    """Send operations in sequential batches, and collect their outcomes.

    Args:
        operations: The operations. Those of a list are all checked before anything is sent.
        values: The values of creates and updates.
        send: A function that sends one batch.

    Raises:
        BulkInterruptedError: If a batch failed after others had been answered.
        SessionboardError: If the first batch failed.
        TypeError, ValueError: If an operation is invalid, and nothing was sent yet.
    """
    known = [*_encode(operations, values)] if isinstance(operations, Collection) else None
    outcomes: list[BulkOutcome] = []
    batch_ids: list[str | None] = []
    batch: list[Encoded] = []
    is_sent = False
    try:
        async with aclosing(_stream(operations, values) if known is None else _iterate(known)) as encoded:
            while await _fill(batch, encoded):
                is_sent = True
                answer = await send(batch)
                is_sent = False
                outcomes += _outcomes(batch, answer, len(outcomes))
                batch_ids.append(answer.batch_id)
                batch = []
    except Exception as error:
        if not batch_ids:
            raise
        answered = len(outcomes)
        status = "not_sent" if not is_sent else "refused" if _surely_refused(error) else "unknown"
        outcomes += _without_answer(batch, status, answered)
        outcomes += _without_answer(known[len(outcomes) :] if known else [], "not_sent", len(outcomes))
        raise BulkInterruptedError(
            f"{answered} operations were answered before this: {error} "
            "(`result` holds what became of each operation)",
            result=BulkResult(outcomes=tuple(outcomes), batch_ids=tuple(batch_ids)),
        ) from error
    return BulkResult(outcomes=tuple(outcomes), batch_ids=tuple(batch_ids))


def _encode(operations: Iterable[Operation], values: BulkValues) -> Iterator[Encoded]:
    for index, operation in enumerate(operations):
        yield _encoded(index, operation, values)


async def _iterate(items: Iterable[Encoded]) -> AsyncGenerator[Encoded]:
    for item in items:
        yield item


async def _stream(operations: Operations, values: BulkValues) -> AsyncGenerator[Encoded]:
    if not isinstance(operations, AsyncIterable):
        for encoded in _encode(operations, values):
            yield encoded
        return
    async with AsyncExitStack() as stack:
        if isinstance(operations, AsyncGenerator):
            # A generator that was passed as an argument has no other owner to close it.
            stack.push_async_callback(operations.aclose)
        index = 0
        async for operation in operations:
            yield _encoded(index, operation, values)
            index += 1


async def _fill(batch: list[Encoded], source: AsyncIterator[Encoded]) -> bool:
    """Append the operations of one batch to the caller's list, which keeps them if the source fails."""
    async for encoded in source:
        batch.append(encoded)
        if len(batch) == LARGEST_BATCH:
            break
    return bool(batch)


def _encoded(index: int, operation: Operation, values: BulkValues) -> Encoded:
    try:
        encoded = _encoded_operation(operation, values)
        # Find values that JSON cannot hold here, before other operations are sent.
        msgspec.json.encode(encoded)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        message = f"operation {index}: {error}"
    else:
        return encoded
    raise kind(message)


def _encoded_operation(operation: Operation, values: BulkValues) -> Encoded:
    match operation:
        case Create(data, extra):
            return {"action": "create", "data": payload(values.create, data, extra)}
        case Update(record, data, extra):
            id_, data = identified(record, data)
            body = payload(values.update, data, extra)
            return {"action": "update", "id": _checked_id(id_), "data": body}
        case Delete(record):
            return {"action": "delete", "id": _checked_id(identified(record, {})[0])}
        case _:
            raise TypeError(f"must be Create, Update or Delete, not {type(operation).__name__}")


def _checked_id(id_: object) -> str:
    if not isinstance(id_, str) or not id_:
        raise TypeError("the id must be a string that is not empty")
    return id_


def _outcomes(batch: list[Encoded], answer: BulkAnswer, first: int) -> Iterator[BulkOutcome]:
    """Yield the outcome of each operation of a batch; an answer may be unordered and incomplete."""
    given = answer.results or ()
    by_index: dict[int, BulkOutcome] = {}
    for place, one in enumerate(given):
        index = place if one.index is None else one.index
        # Of two contradictory outcomes, keep the one that claims less.
        if index not in by_index or one.status != "success":
            by_index[index] = one
    for place, operation in enumerate(batch):
        outcome = by_index.get(place)
        if outcome is None:
            yield from _without_answer([operation], "unknown", first + place)
        else:
            yield replace(outcome, index=first + place)


def _without_answer(batch: list[Encoded], status: str, first: int) -> Iterator[BulkOutcome]:
    for place, operation in enumerate(batch):
        yield BulkOutcome(
            index=first + place,
            action=str(operation["action"]),
            status=status,
            id=cast("str | None", operation.get("id")),
        )


def _surely_refused(error: Exception) -> bool:
    """Return whether a batch that failed changed nothing for certain."""
    return isinstance(error, ConnectError) or (isinstance(error, APIError) and (error.status or 500) < 500)
