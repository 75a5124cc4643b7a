"""Reading of searches in every shape, broken off and resumed, alone and by several tasks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, NamedTuple, Protocol

import msgspec

from sessionboard_async import AsyncSession, Checkpoint, Pager, PaginationError
from tests.endurance.visitor import Visitor

Delivered = list[list[str]]
"""The ids of each record or page that a stream delivered."""


class Stream(Protocol):
    """An iteration over records or pages."""

    def __aiter__(self) -> AsyncIterator[Any]: ...

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint: ...

    async def aclose(self) -> None: ...


class _Identified(msgspec.Struct):
    id: str


_decoder = msgspec.json.Decoder(_Identified)

_ID_OF: dict[str, Callable[[Any], str]] = {
    "records": lambda record: str(record.id),
    "raw": lambda record: str(record["id"]),
    "raw_json": lambda record: _decoder.decode(record).id,
}


class Reading(NamedTuple):
    """How to read a search.

    Attributes:
        event: The event.
        resource: The resource.
        form: The form of the records.
        by_page: Whether whole pages are taken.
        options: The options of the search.
    """

    event: int
    resource: str
    form: str
    by_page: bool
    options: dict[str, Any]

    def stream(self, client: AsyncSession, resume: Checkpoint | None) -> Stream:
        """Begin to read."""
        pager: Pager[Any] = getattr(client, self.resource).search(self.event, resume=resume, **self.options)
        if self.form == "raw":
            pager = pager.raw()
        elif self.form == "raw_json":
            pager = pager.raw_json()
        return pager.pages() if self.by_page else aiter(pager)

    def ids(self, item: Any) -> list[str]:
        """Return the ids of a record or page."""
        id_of = _ID_OF[self.form]
        return [id_of(record) for record in item.results] if self.by_page else [id_of(item)]

    def errors(self, visitor: Visitor) -> tuple[type[PaginationError], ...]:
        """Return the errors that are due: page numbers cannot follow many changes in front of them."""
        by_number = self.options.get("consistency") != "exact"
        return (PaginationError,) if by_number and self.event == visitor.world.changing else ()


def _any_reading(visitor: Visitor) -> Reading:
    draw, world = visitor.random, visitor.world
    event = world.event if draw.random() < 0.75 else world.changing
    resource = draw.choices(list(world.ids), [12, 4, 3, *[1] * (len(world.ids) - 3)])[0]
    options: dict[str, Any] = {
        "prefetch": draw.choice((None, 0, 1, 8)),
        "page_size": draw.choice((100, 100, 40, 17)),
        "consistency": draw.choice(("exact", "exact", "pages")),
    }
    if resource == "statuses":
        del options["consistency"]
    return Reading(event, resource, draw.choice(list(_ID_OF)), draw.random() < 0.4, options)


async def read(visitor: Visitor) -> None:
    """Read a search to its end, in as many attempts as it takes."""
    reading = _any_reading(visitor)
    includes_current = visitor.random.random() < 0.7
    delivered: Delivered = []
    checkpoint: Checkpoint | None = None
    repeatable = 0

    async def attempt(calm: bool) -> bool:
        nonlocal checkpoint, repeatable
        stream = reading.stream(visitor.client(), checkpoint)
        visitor.tally.streams += 1
        before, most = len(delivered), _items_before_break(visitor)
        work = _take(visitor, stream, reading, delivered, most)
        outcome = await visitor.attempt(work, calm=calm, also=reading.errors(visitor))
        visitor.tally.records += sum(map(len, delivered[before:]))
        if outcome.done and outcome.value:
            return True
        if len(delivered) > before and not includes_current:
            repeatable += len(delivered[-1])
        checkpoint = Checkpoint.from_json(stream.checkpoint(include_current=includes_current).to_json())
        if visitor.random.random() < 0.5:
            await stream.aclose()  # else it is abandoned
        return checkpoint.done

    if await visitor.until_done(attempt, may_fail=bool(reading.errors(visitor))):
        _check(visitor, reading, delivered, repeatable)


def _items_before_break(visitor: Visitor) -> int | None:
    return visitor.random.randrange(1, 300) if visitor.random.random() < 0.2 else None


async def _take(
    visitor: Visitor, stream: Stream, reading: Reading, delivered: Delivered, most: int | None = None
) -> bool:
    """Take items from a stream, and return whether it ended."""
    taken = 0
    async for item in stream:
        delivered.append(reading.ids(item))
        visitor.moved()
        taken += 1
        if taken == most:
            return False
    return True


def _check(visitor: Visitor, reading: Reading, delivered: Delivered, repeatable: int = 0) -> None:
    """Check that everything came, and nothing twice but what was to come again."""
    counts = Counter(id_ for ids in delivered for id_ in ids)
    stable = reading.event == visitor.world.event
    expected = (visitor.world.ids if stable else visitor.world.settled)[reading.resource]
    is_complete = stable or reading.options.get("consistency") == "exact"
    lost = expected - counts.keys() if is_complete else frozenset[str]()
    strange = counts.keys() - expected if stable else set[str]()
    repeats = counts.total() - len(counts)
    if not is_complete:
        # Resumed at a page number, while records move to other pages.
        repeatable = repeats
    if lost or strange or repeats > repeatable:
        visitor.fail(
            f"{reading}: {len(lost)} of {len(expected)} lost, {len(strange)} strange, {repeats} repeated "
            f"({repeatable} expected), of {counts.total()} in {len(delivered)} items"
        )


async def share(visitor: Visitor) -> None:
    """Read one stream with several tasks, one of which may be cancelled."""
    reading = _any_reading(visitor)
    delivered: Delivered = []
    checkpoint: Checkpoint | None = None

    async def attempt(calm: bool) -> bool:
        nonlocal checkpoint
        stream = reading.stream(visitor.client(), checkpoint)
        visitor.tally.streams += 1
        before = len(delivered)
        ended = await _take_together(visitor, stream, reading, delivered, calm=calm)
        visitor.tally.records += sum(map(len, delivered[before:]))
        if not ended:
            checkpoint = Checkpoint.from_json(stream.checkpoint(include_current=True).to_json())
            await stream.aclose()
            return checkpoint.done
        return ended

    if await visitor.until_done(attempt, may_fail=bool(reading.errors(visitor))):
        _check(visitor, reading, delivered)


async def _take_together(
    visitor: Visitor, stream: Stream, reading: Reading, delivered: Delivered, *, calm: bool
) -> bool:
    """Take items from a stream in several tasks, and return whether it ended for all that were left."""
    disturbed = -1 if calm else visitor.random.randrange(-2, 3)
    outcomes = await asyncio.gather(
        *(
            visitor.attempt(
                _take(visitor, stream, reading, delivered),
                calm=worker != disturbed,
                also=reading.errors(visitor),
            )
            for worker in range(visitor.random.randrange(2, 6))
        )
    )
    undisturbed: Iterable[bool] = (
        outcome.done for worker, outcome in enumerate(outcomes) if worker != disturbed
    )
    return all(undisturbed)


async def count(visitor: Visitor) -> None:
    """Count records, take the first, and take the first few."""
    world, resource = visitor.world, visitor.random.choice(["sessions", "contacts", "speakers"])
    pager: Pager[Any] = getattr(visitor.client(), resource).search(world.event)
    counted = await visitor.attempt(pager.count())
    visitor.check(counted.value in (None, len(world.ids[resource])), f"{counted.value} {resource} counted")
    first = await visitor.attempt(pager.first())
    visitor.check(not first.done or first.value is not None, f"no first of {resource}")
    most = visitor.random.randrange(0, 120)
    some = await visitor.attempt(pager.collect(limit=most))
    length = min(most, len(world.ids[resource]))
    visitor.check(some.value is None or len(some.value) == length, f"not {most} {resource} collected")
