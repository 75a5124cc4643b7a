"""Answers to batches: each outcome goes to its own operation, or to none."""

from __future__ import annotations

import itertools
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.models import BulkItemError, BulkOutcome
from sessionboard_async.services._common.bulk.answers import attribute

Batch = list[dict[str, object]]


def operations(text: str) -> Batch:
    """Make a batch: ``+`` creates a record, ``A`` updates the record A, ``-A`` deletes it."""
    return [
        {"action": "create", "data": {}}
        if word == "+"
        else {"action": "delete", "id": word[1:]}
        if word.startswith("-")
        else {"action": "update", "id": word, "data": {}}
        for word in text.split()
    ]


def outcome(
    id_: str | None, status: str | None = "success", index: int | None = None, **more: Any
) -> BulkOutcome:
    return BulkOutcome(id=id_, status=status, index=index, **more)


def statuses(batch: Batch, answer: list[BulkOutcome]) -> str:
    """Return the statuses of the operations, each by its first letter."""
    return " ".join(str(one.status)[0] for one in attribute(batch, answer, 0).outcomes)


THREE = operations("A B C")
ORDERS = [*itertools.permutations(range(3))]
NO = "error"


def test_outcomes_have_the_position_among_all_operations_and_the_action_that_was_sent() -> None:
    batch = operations("+ A -B")
    found = attribute(batch, [outcome("new", index=0), outcome(None, index=1), outcome("B", index=2)], 200)
    assert found.outcomes == [
        BulkOutcome(index=200, action="create", status="success", id="new"),
        BulkOutcome(index=201, action="update", status="success", id="A"),
        BulkOutcome(index=202, action="delete", status="success", id="B"),
    ]
    assert found.unmatched == []
    assert attribute(batch, [], 200).outcomes == [
        BulkOutcome(index=200, action="create", status="unknown"),
        BulkOutcome(index=201, action="update", status="unknown", id="A"),
        BulkOutcome(index=202, action="delete", status="unknown", id="B"),
    ]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("batch", ["A B C", "+ + +", "+ A -A", "A A A", "+ B -C"])
def test_numbers_from_0_or_1_are_places_in_any_order(order: tuple[int, ...], base: int, batch: str) -> None:
    sent = operations(batch)
    answer = [
        outcome(str(sent[place].get("id", f"new-{place}")), NO if place == 1 else "success", place + base)
        for place in order
    ]
    found = attribute(sent, answer, 0)
    assert [one.status for one in found.outcomes] == ["success", "error", "success"]
    assert [one.id for one in found.outcomes] == [one.get("id", f"new-{n}") for n, one in enumerate(sent)]
    assert found.unmatched == []


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("numbers", [(None, None, None), (7, 7, 7), (-1, 0, 1), (2, 0, 1), (0, 0, 2)])
def test_ids_say_what_numbers_do_not(order: tuple[int, ...], numbers: tuple[int | None, ...]) -> None:
    answer = [
        outcome("ABC"[place], NO if place == 0 else "success", numbers[position])
        for position, place in enumerate(order)
    ]
    # Numbers that fit the ids say the same.
    assert statuses(THREE, answer) == "e s s"


@pytest.mark.parametrize(
    ("batch", "answer", "expected"),
    [
        # The only operation and outcome that are left belong together.
        ("+ A -B", [outcome("B"), outcome("new"), outcome("A", NO)], "s e s"),
        # A record that has two operations, with and without their actions.
        ("A -A", [outcome("A", NO, action="delete"), outcome("A", action="update")], "s e"),
        ("A A", [outcome("A"), outcome("A")], "s s"),
        ("A A", [outcome("A", NO), outcome("A", NO)], "e e"),
        ("A A B", [outcome("B"), outcome("A", NO), outcome("A", NO)], "e e s"),
        # Of two contradictory outcomes, the one that claims less.
        ("+ A", [outcome("1", index=0), outcome("1", NO, index=0), outcome("A", index=1)], "e s"),
        ("+ A", [outcome("1", NO, index=0), outcome("1", index=0), outcome("A", index=1)], "e s"),
        ("A B", [outcome("A"), outcome("B"), outcome("A", NO)], "e s"),
        ("A B", [outcome("A", NO), outcome("B"), outcome("A", "OK")], "e s"),
        # In the order of the operations: the answer is complete, and nothing contradicts it.
        ("+ + +", [outcome("1"), outcome("2", NO), outcome("3")], "s e s"),
        ("+ A +", [outcome("1", NO), outcome("A"), outcome("3")], "e s s"),
        ("+ +", [outcome("1", index=0), outcome("2", NO)], "s e"),
        ("A A", [outcome("A"), outcome("A", NO)], "s e"),
        # A record that was merged into one outside of the batch.
        ("A B", [outcome("Z", index=0), outcome("B", NO, index=1)], "s e"),
        ("A B", [outcome("Z"), outcome("B", NO)], "s e"),
        # A create that finds a record of another operation.
        ("+ A", [outcome("A", index=0), outcome("A", NO, index=1)], "s e"),
        # An answer that omits operations.
        ("A B C", [outcome("B")], "u s u"),
        ("A B C", [outcome("B", index=1)], "u s u"),
        ("+ + +", [outcome("2", index=1)], "u s u"),
        ("+ + +", [outcome("3", index=3), outcome("2", index=2)], "u s s"),
        ("+ + +", [], "u u u"),
    ],
)
def test_an_outcome_goes_to_its_operation(batch: str, answer: list[BulkOutcome], expected: str) -> None:
    assert statuses(operations(batch), answer) == expected
    assert attribute(operations(batch), answer, 0).unmatched == []


@pytest.mark.parametrize(
    ("batch", "answer", "expected"),
    [
        # Creates in an incomplete answer, or in one whose order or numbers are wrong.
        ("+ + +", [outcome("1"), outcome("2")], "u u u"),
        ("+ + A B", [outcome("1"), outcome("2"), outcome("B"), outcome("A")], "u u s s"),
        ("+ + +", [outcome("1", index=9), outcome("2", index=8), outcome("3", index=7)], "u u u"),
        ("+", [outcome("1"), outcome("2", NO)], "u"),
        # The same record twice, with different outcomes.
        ("A A B", [outcome("B"), outcome("A"), outcome("A", NO)], "u u s"),
        ("A A", [outcome("A")], "u u"),
        # One number for several records.
        ("+ + +", [outcome("1", index=0), outcome("2", index=0), outcome("3", index=0)], "s u u"),
        ("+ +", [outcome("1", index=0), outcome("2", NO, index=0)], "e u"),
        # Actions that were not sent.
        ("+ A", [outcome("1", action="delete"), outcome("A")], "u s"),
        ("A -B", [outcome("B", action="delete"), outcome("A", action="delete")], "u s"),
        ("+ +", [outcome("1", action="create"), outcome("2", action="update")], "s u"),
    ],
)
def test_what_may_belong_to_several_is_unmatched(
    batch: str, answer: list[BulkOutcome], expected: str
) -> None:
    assert statuses(operations(batch), answer) == expected
    assert attribute(operations(batch), answer, 0).unmatched


@pytest.mark.parametrize("sent", ["success", "SUCCESS", "Ok", "ok", "201", "200", " created ", "true"])
def test_words_for_a_success(sent: str) -> None:
    assert attribute(operations("+"), [outcome("1", sent, 0)], 0).outcomes[0].status == "success"


@pytest.mark.parametrize("sent", ["error", "ERROR", "Failed", "409", "false"])
def test_words_for_a_failure(sent: str) -> None:
    assert attribute(operations("+"), [outcome(None, sent, 0)], 0).outcomes[0].status == "error"


@pytest.mark.parametrize("sent", ["pending", "202", "500", "not a success", "successless", "unsuccessful"])
def test_other_words_are_kept_and_are_no_success(sent: str) -> None:
    assert attribute(operations("+"), [outcome("1", sent, 0)], 0).outcomes[0].status == sent


@pytest.mark.parametrize("sent", [None, "", " "])
def test_no_word_is_unknown(sent: str | None) -> None:
    assert attribute(operations("+"), [outcome("1", sent, 0)], 0).outcomes[0].status == "unknown"


def test_a_success_with_an_error_is_unknown_and_keeps_the_error() -> None:
    error = BulkItemError(message="no")
    (one,) = attribute(operations("+"), [outcome("1", index=0, error=error)], 0).outcomes
    assert (one.status, one.error) == ("unknown", error)


@given(seed=st.integers(0, 10**6))
def test_no_answer_makes_a_success_of_an_operation_that_it_does_not_report_as_one(seed: int) -> None:
    """Answers of every kind to batches of ids that differ, mistakes included."""
    random = Random(seed)
    sent = operations(" ".join(random.sample("ABCDEF", k=random.randint(1, 6))))
    true = {str(one["id"]): random.choice(["success", "error"]) for one in sent}
    answer = [
        outcome(id_, status, random.choice([None, random.randint(-1, 7)]))
        for id_, status in random.sample([*true.items()], k=random.randint(0, len(true)))
    ]
    answered = {one.id for one in answer}
    for one in attribute(sent, answer, 0).outcomes:
        expected = true[str(one.id)] if one.id in answered else "unknown"
        assert one.status == expected
