"""Many writes at once: as values, in batches, with one result."""

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
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import msgspec
from msgspec.structs import replace

from sessionboard_async.errors import APIError, BulkInterruptedError, ConnectError
from sessionboard_async.models.bulk import BulkAnswer, BulkOutcome, BulkResult
from sessionboard_async.models.translation import RecordWithFields
from sessionboard_async.services._common.payloads import Extra, identified, payload

LARGEST_BATCH = 100
"""The most operations that the API takes at once."""


class Operation:
    """One write among many: ``Create``, ``Update`` or ``Delete``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Create(Operation):
    """Create a record.

    Attributes:
        data: What it shall have: the keywords of the service's ``create``.
        extra: Further properties, under the API's own names.
    """

    data: Mapping[str, object] = field(repr=False)
    extra: Extra | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Update(Operation):
    """Change a record.

    Attributes:
        id: Its id, or the record itself: then its ``updated_at`` is sent too, so that nothing is overwritten
            that was changed meanwhile.
        data: What shall change: the keywords of the service's ``update``.
        extra: Further properties, under the API's own names.
    """

    id: str | RecordWithFields
    data: Mapping[str, object] = field(repr=False)
    extra: Extra | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Delete(Operation):
    """Delete a record.

    Attributes:
        id: Its id, or the record itself.
    """

    id: str | RecordWithFields


Operations = Iterable[Operation] | AsyncIterable[Operation]


class BulkValues(NamedTuple):
    """The values that the operations of a service take, as ``TypedDict`` classes."""

    create: type[Any]
    update: type[Any]


Encoded = dict[str, object]
Send = Callable[[list[Encoded]], Awaitable[BulkAnswer]]


async def run_bulk(operations: Operations, values: BulkValues, send: Send) -> BulkResult:
    """Send operations in batches, one after the other, and put their outcomes together.

    Args:
        operations: The operations. Those of a list are all checked before the first is sent.
        values: What creates and updates take.
        send: Sends one batch.

    Raises:
        BulkInterruptedError: If something failed after a batch had been answered.
        SessionboardError: If the first batch failed.
        TypeError, ValueError: If an operation cannot be sent, and none was sent yet.
    """
    known = [*_encode(operations, values)] if isinstance(operations, Collection) else None
    outcomes: list[BulkOutcome] = []
    batch_ids: list[str | None] = []
    batch: list[Encoded] = []
    is_sent = False
    try:
        async with aclosing(_stream(operations, values) if known is None else _later(known)) as encoded:
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


async def _later(items: Iterable[Encoded]) -> AsyncGenerator[Encoded]:
    for item in items:
        yield item


async def _stream(operations: Operations, values: BulkValues) -> AsyncGenerator[Encoded]:
    if not isinstance(operations, AsyncIterable):
        for encoded in _encode(operations, values):
            yield encoded
        return
    async with AsyncExitStack() as stack:
        if isinstance(operations, AsyncGenerator):
            # Nobody else has a hand on a generator that was passed in as an argument.
            stack.push_async_callback(operations.aclose)
        index = 0
        async for operation in operations:
            yield _encoded(index, operation, values)
            index += 1


async def _fill(batch: list[Encoded], source: AsyncIterator[Encoded]) -> bool:
    """Take the operations of one batch, into the caller's hand should the source fail; tell if any came."""
    async for encoded in source:
        batch.append(encoded)
        if len(batch) == LARGEST_BATCH:
            break
    return bool(batch)


def _encoded(index: int, operation: Operation, values: BulkValues) -> Encoded:
    try:
        encoded = _in_its_form(operation, values)
        # What cannot become JSON shall be found here, and not when others were sent.
        msgspec.json.encode(encoded)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        said = f"operation {index}: {error}"
    else:
        return encoded
    raise kind(said)


def _in_its_form(operation: Operation, values: BulkValues) -> Encoded:
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
    """Yield what became of each operation of a batch, whatever order and gaps the answer has."""
    given = answer.results or ()
    by_index: dict[int, BulkOutcome] = {}
    for place, one in enumerate(given):
        index = place if one.index is None else one.index
        # Of two that contradict each other, the one that claims less.
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
    """Tell whether a batch that failed surely changed nothing."""
    return isinstance(error, ConnectError) or (isinstance(error, APIError) and (error.status or 500) < 500)
