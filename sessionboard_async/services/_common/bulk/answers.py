"""Attribution of the API's answer to a batch: which outcome belongs to which operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from sessionboard_async.models.bulk import BulkOutcome
from sessionboard_async.services._common.bulk.operations import Encoded

_SUCCESSES = frozenset(
    {"success", "succeeded", "successful", "ok", "done", "created", "updated", "deleted", "true"}
    | {"200", "201", "204"}
)
_FAILURES = frozenset(
    {"error", "failed", "failure", "rejected", "invalid", "false"} | {"400", "403", "404", "409", "422"}
)
_ACTIONS = frozenset({"create", "update", "delete"})


class Attribution(NamedTuple):
    """The outcomes of a batch.

    Attributes:
        outcomes: One for each operation, in order; ``unknown`` where the answer has none for certain.
        unmatched: The outcomes of the answer that belong to no operation for certain, such as one with the
            number of another.
    """

    outcomes: list[BulkOutcome]
    unmatched: list[BulkOutcome]


def attribute(batch: Sequence[Encoded], answer: Sequence[BulkOutcome], first: int) -> Attribution:
    """Attribute the outcomes of an answer to the operations of its batch.

    The API numbers them from 0. Outcomes numbered from 1, or without usable numbers, are attributed by the
    ids of records. Those without either are attributed by their order, if the answer is complete and nothing
    in it contradicts its order.

    Args:
        batch: The operations as they were sent.
        answer: The outcomes as they came; they may be unordered, incomplete and contradictory.
        first: The position of the first operation among those of all batches.
    """
    places = _places(batch, answer)
    found: dict[int, BulkOutcome] = {}
    unmatched: list[BulkOutcome] = []
    for place, outcome in zip(places, answer, strict=True):
        if place is None:
            unmatched.append(outcome)
            continue
        kept, other = outcome, found.get(place)
        # Of two contradictory outcomes, keep the one that claims less.
        if other is not None and _status(outcome) == "success":
            kept, other = other, outcome
        found[place] = kept
        if other is not None and other.id != kept.id:
            # The outcome of another record, under the same number.
            unmatched.append(other)
    return Attribution(
        outcomes=[
            _completed(operation, found.get(place), first + place) for place, operation in enumerate(batch)
        ],
        unmatched=unmatched,
    )


def without_answer(operation: Encoded, status: str, index: int) -> BulkOutcome:
    """Return the outcome of an operation that the API did not answer."""
    id_ = operation.get("id")
    return BulkOutcome(
        index=index,
        action=str(operation["action"]),
        status=status,
        id=id_ if isinstance(id_, str) else None,
    )


def _completed(operation: Encoded, outcome: BulkOutcome | None, index: int) -> BulkOutcome:
    plain = without_answer(operation, "unknown", index)
    if outcome is None:
        return plain
    return replace(
        outcome, index=index, action=plain.action, status=_status(outcome), id=outcome.id or plain.id
    )


def _status(outcome: BulkOutcome) -> str:
    """Return the status in the words of the API's document, and any other word as it is."""
    word = (outcome.status or "").strip().casefold()
    if word in _SUCCESSES:
        # A success with an error is neither.
        return "success" if outcome.error is None else "unknown"
    if word in _FAILURES:
        return "error"
    return outcome.status if outcome.status and word else "unknown"


def _places(batch: Sequence[Encoded], answer: Sequence[BulkOutcome]) -> list[int | None]:
    """Return the place of each outcome in the batch; ``None`` where it is not certain."""
    by_index = _by_index(batch, answer)
    places: list[int | None] = [None for _ in answer] if by_index is None else by_index
    _add_by_id(batch, answer, places)
    left = [position for position, place in enumerate(places) if place is None]
    free = [*{*range(len(batch))}.difference(place for place in places if place is not None)]
    in_order = by_index is not None and all(
        place is None or place == position for position, place in enumerate(places)
    )
    if len(batch) == len(answer) and len(left) == len(free) and (in_order or len(left) == 1):
        for position, place in zip(left, free, strict=True):
            if _may_be_of(batch, place, answer[position]):
                places[position] = place
    return places


def _by_index(batch: Sequence[Encoded], answer: Sequence[BulkOutcome]) -> list[int | None] | None:
    """Return the places by the numbers of the outcomes; ``None`` if the numbers cannot be places."""
    for base in (0, 1):
        places = [None if outcome.index is None else outcome.index - base for outcome in answer]
        if all(
            place is None or _may_be_of(batch, place, outcome)
            for place, outcome in zip(places, answer, strict=True)
        ):
            return places
    return None


def _add_by_id(batch: Sequence[Encoded], answer: Sequence[BulkOutcome], places: list[int | None]) -> None:
    """Add the places of outcomes that have none, by the ids of their records."""
    taken = {*places}
    for id_ in {operation["id"] for operation in batch if "id" in operation}:
        positions = [
            position
            for position, outcome in enumerate(answer)
            if places[position] is None and outcome.id == id_
        ]
        free = [
            place
            for place, operation in enumerate(batch)
            if operation.get("id") == id_ and place not in taken
        ]
        # Which outcome of a record comes from which of its operations matters only if they differ.
        are_alike = (
            len(positions) == len(free) and len({_status(answer[position]) for position in positions}) == 1
        )
        for turn, position in enumerate(positions):
            fitting = [place for place in free if _may_be_of(batch, place, answer[position])]
            if len(fitting) == 1:
                places[position] = fitting[0]
            elif are_alike and fitting == free:
                places[position] = free[turn]


def _may_be_of(batch: Sequence[Encoded], place: int, outcome: BulkOutcome) -> bool:
    """Return whether an outcome does not contradict the operation at a place."""
    if not 0 <= place < len(batch):
        return False
    operation = batch[place]
    action = (outcome.action or "").strip().casefold()
    if action in _ACTIONS and action != operation["action"]:
        return False
    own = operation.get("id")
    if own is None or outcome.id is None or own == outcome.id:
        return True
    # The id of a record outside of the batch contradicts nothing: records may be merged.
    return all(other.get("id") != outcome.id for other in batch)
