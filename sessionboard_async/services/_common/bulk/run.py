"""Batches: operations are sent a hundred at a time, and their outcomes collected."""

from __future__ import annotations

import logging
from asyncio import Event
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
)
from contextlib import AsyncExitStack, aclosing
from functools import partial
from itertools import count

from sessionboard_async.errors import (
    APIError,
    BulkInterruptedError,
    ConnectError,
    RateLimitStoreError,
    RateLimitWaitExceeded,
)
from sessionboard_async.models.bulk import BulkAnswer, BulkOutcome, BulkResult
from sessionboard_async.services._common.bulk.answers import attribute, without_answer
from sessionboard_async.services._common.bulk.operations import (
    BulkValues,
    Encoded,
    Operation,
    Operations,
    encode_operation,
)
from sessionboard_async.services._common.bulk.outcomes import BulkOutcomes

logger: logging.Logger = logging.getLogger("sessionboard_async")

LARGEST_BATCH = 100
"""The most operations in one request."""


Send = Callable[[list[Encoded], Callable[[], object]], Awaitable[BulkAnswer]]
"""Sends one batch, and calls a function before each attempt."""

Encode = Callable[[int, Operation], Encoded]


async def run_bulk(
    operations: Operations,
    values: BulkValues,
    send: Send,
    *,
    outcomes: BulkOutcomes | None = None,
    allow_masked: bool = False,
) -> BulkResult:
    """Send operations in sequential batches, and collect their outcomes.

    Args:
        operations: The operations. Those of a list are all checked before anything is sent.
        values: The values of creates and updates.
        send: A function that sends one batch.
        outcomes: Filled with the outcomes as they become known.
        allow_masked: Whether masks are allowed where the API masks personal data.

    Raises:
        BulkInterruptedError: If a batch failed after others had been answered.
        SessionboardError: If the first batch failed.
        TypeError, ValueError: If an operation or ``outcomes`` is invalid, and nothing was sent yet.
    """
    if not isinstance(outcomes, BulkOutcomes | None):
        raise TypeError(f"outcomes must be a BulkOutcomes(), not {type(outcomes).__name__}")
    encode = partial(encode_operation, values=values, allow_masked=allow_masked)
    known = [*map(encode, count(), operations)] if isinstance(operations, Collection) else None
    outcomes = BulkOutcomes() if outcomes is None else outcomes
    outcomes.begin()
    batch: list[Encoded] = []
    attempted = Event()
    try:
        async with aclosing(_iterate(known) if known is not None else _stream(operations, encode)) as encoded:
            while await _fill(batch, encoded):
                answer = await send(batch, attempted.set)
                _add(outcomes, batch, answer)
                batch = []
                attempted.clear()
    # A call that is cancelled must not lose its outcomes either.
    except BaseException as error:
        answered, is_first = len(outcomes), not outcomes.result.batch_ids
        status = "not_sent" if not attempted.is_set() else "refused" if _surely_refused(error) else "unknown"
        outcomes.add(_without_answer(batch, status, answered))
        outcomes.add(_without_answer((known or [])[len(outcomes) :], "not_sent", len(outcomes)))
        if is_first or not isinstance(error, Exception):
            raise
        raise BulkInterruptedError(
            f"{answered} operations were answered before this: {error} "
            "(`result` holds what became of each operation)",
            result=outcomes.result,
        ) from error
    return outcomes.result


def _add(outcomes: BulkOutcomes, batch: list[Encoded], answer: BulkAnswer) -> None:
    attribution = attribute(batch, answer.results or (), len(outcomes))
    outcomes.add(attribution.outcomes)
    outcomes.add_batch(answer.batch_id, attribution.unmatched)
    if attribution.unmatched:
        logger.warning(
            "a bulk write was answered with %d outcomes that belong to no operation for certain: see "
            "`unmatched` of its result",
            len(attribution.unmatched),
        )


async def _iterate(items: Iterable[Encoded]) -> AsyncGenerator[Encoded]:
    for item in items:
        yield item


async def _stream(operations: Operations, encode: Encode) -> AsyncGenerator[Encoded]:
    if not isinstance(operations, AsyncIterable):
        for index, operation in enumerate(operations):
            yield encode(index, operation)
        return
    async with AsyncExitStack() as stack:
        if isinstance(operations, AsyncGenerator):
            # A generator that was passed as an argument has no other owner to close it.
            stack.push_async_callback(operations.aclose)
        index = 0
        async for operation in operations:
            yield encode(index, operation)
            index += 1


async def _fill(batch: list[Encoded], source: AsyncIterator[Encoded]) -> bool:
    """Append the operations of one batch to the caller's list, which keeps them if the source fails."""
    async for encoded in source:
        batch.append(encoded)
        if len(batch) == LARGEST_BATCH:
            break
    return bool(batch)


def _without_answer(operations: Iterable[Encoded], status: str, first: int) -> list[BulkOutcome]:
    return [without_answer(one, status, first + place) for place, one in enumerate(operations)]


def _surely_refused(error: BaseException) -> bool:
    """Return whether a batch that failed changed nothing for certain."""
    if isinstance(error, (ConnectError, RateLimitWaitExceeded, RateLimitStoreError)):
        return True
    return isinstance(error, APIError) and (error.status or 500) < 500 and error.status != 408
