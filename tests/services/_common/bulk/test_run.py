"""Bulk writes: batches, outcomes in order, and no outcome lost when a batch fails."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint
from sessionboard_async.errors import (
    APIError,
    AttemptTimeoutError,
    AuthenticationError,
    BulkInterruptedError,
    ConnectError,
    ConnectionLostError,
    DailyQuotaExceeded,
    DeadlineExceededError,
    DecodeError,
    PermissionDeniedError,
    RateLimitError,
    RateLimitStoreError,
    RateLimitWaitExceeded,
    RedirectError,
    ServerError,
)
from sessionboard_async.models import BulkAnswer, BulkItemError, BulkOutcome, BulkResult, Contact
from sessionboard_async.services._common.bulk.operations import BulkValues, Create, Delete, Operation, Update
from sessionboard_async.services._common.bulk.outcomes import BulkOutcomes
from sessionboard_async.services._common.bulk.run import run_bulk
from sessionboard_async.services.people import ContactCreate, ContactLike, ContactUpdate

pytestmark = pytest.mark.anyio

CONTACTS = BulkValues(ContactCreate, ContactUpdate, ContactLike)
BULK = cast("Endpoint[BulkAnswer]", ENDPOINTS["bulk-contacts"])


class Api:
    """Accept batches, and fail at the given ones."""

    def __init__(self, *, fails_at: int | None = None, error: BaseException | None = None) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self._fails_at = fails_at
        self._error = error

    async def send(self, batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        number = len(self.batches)
        on_attempt()
        self.batches.append(batch)
        if number == self._fails_at and self._error is not None:
            raise self._error
        results = tuple(
            BulkOutcome(index=index, action=one["action"], status="success", id=f"{number}-{index}")
            for index, one in enumerate(batch)
        )
        # In another order than they were sent.
        return BulkAnswer(batch_id=f"batch-{number}", results=results[::-1])


def creates(count: int) -> list[Operation]:
    return [Create({"email": f"{number}@example.org"}) for number in range(count)]


async def one_by_one(operations: list[Operation]) -> AsyncIterator[Operation]:
    for operation in operations:
        yield operation


@given(count=st.integers(0, 450), streamed=st.booleans())
async def test_outcomes_come_in_the_order_of_the_operations(count: int, streamed: bool) -> None:
    api = Api()
    operations = creates(count)
    result = await run_bulk(one_by_one(operations) if streamed else operations, CONTACTS, api.send)
    assert [len(batch) for batch in api.batches] == [100] * (count // 100) + [count % 100] * (count % 100 > 0)
    assert [outcome.index for outcome in result.outcomes] == list(range(count))
    assert [outcome.id for outcome in result.outcomes] == [f"{n // 100}-{n % 100}" for n in range(count)]
    assert result.batch_ids == tuple(f"batch-{number}" for number in range(len(api.batches)))
    assert (result.total, result.succeeded, result.failed) == (count, count, 0)


async def test_operations_are_sent_as_the_api_takes_them() -> None:
    api = Api()
    read = Contact(id="c-1", updated_at=datetime(2026, 3, 1, 12, 0, 0, 562000, UTC))
    operations = [
        Create({"email": "a@example.org", "company": None}, extra={"vip": True}),
        Update("c-2", {"phone": "1"}),
        Update(read, {"phone": "2"}),
        Delete("c-3"),
        Delete(read),
    ]
    await run_bulk(operations, CONTACTS, api.send)
    assert api.batches == [
        [
            {"action": "create", "data": {"email": "a@example.org", "company": None, "vip": True}},
            {"action": "update", "id": "c-2", "data": {"phone": "1"}},
            {
                "action": "update",
                "id": "c-1",
                "data": {"phone": "2", "updated_at": "2026-03-01T12:00:00.562Z"},
            },
            {"action": "delete", "id": "c-3"},
            {"action": "delete", "id": "c-1"},
        ]
    ]


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        (Create({"name": "?"}), TypeError, "operation 150: unknown: name"),
        (Create({"email": "a***@b***.org"}), ValueError, "operation 150: email is masked"),
        (Update("c-1", {"phone": "***-***-4567"}), ValueError, "operation 150: phone is masked"),
        (Update("", {"phone": "1"}), ValueError, "operation 150: the id must not be empty"),
        (Delete(Contact()), ValueError, "operation 150: the Contact has no id"),
        ("c-1", TypeError, "operation 150: must be Create, Update or Delete, not str"),
    ],
)
async def test_a_list_is_checked_before_anything_is_sent(
    wrong: Any, error: type[Exception], said: str
) -> None:
    api = Api()
    with pytest.raises(error, match=said):
        await run_bulk([*creates(150), wrong], CONTACTS, api.send)
    assert api.batches == []


async def test_a_batch_that_fails_after_others_loses_no_outcome() -> None:
    api = Api(fails_at=2, error=PermissionDeniedError("403: no more", status=403))
    with pytest.raises(
        BulkInterruptedError, match=r"200 operations were answered before this: 403"
    ) as failure:
        await run_bulk(creates(420), CONTACTS, api.send)
    result = failure.value.result
    assert isinstance(failure.value.__cause__, PermissionDeniedError)
    assert [outcome.index for outcome in result.outcomes] == list(range(420))
    assert [outcome.status for outcome in result.outcomes] == (
        ["success"] * 200 + ["refused"] * 100 + ["not_sent"] * 120
    )
    assert {outcome.action for outcome in result.outcomes} == {"create"}
    assert (result.succeeded, result.failed, len(result.failures)) == (200, 220, 220)
    assert pickle.loads(pickle.dumps(failure.value)).result == result


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConnectionLostError("the connection broke"), "unknown"),
        (AttemptTimeoutError("no answer"), "unknown"),
        (ServerError("500: broken", status=500), "unknown"),
        (APIError("408: too slow", status=408), "unknown"),
        (DecodeError("no JSON"), "unknown"),
        (DeadlineExceededError("too late"), "unknown"),
        (OSError("the disk is gone"), "unknown"),
        (ConnectError("refused"), "refused"),
        (RateLimitError("429: wait", status=429), "refused"),
        (DailyQuotaExceeded("429: not today", status=429), "refused"),
        (RateLimitWaitExceeded("too long"), "refused"),
        (RateLimitStoreError("no store"), "refused"),
        (AuthenticationError("401", status=401), "refused"),
        (RedirectError("302", status=302), "refused"),
    ],
)
async def test_only_what_was_surely_not_carried_out_is_called_refused(error: Exception, status: str) -> None:
    api = Api(fails_at=1, error=error)
    with pytest.raises(BulkInterruptedError) as failure:
        await run_bulk(one_by_one([*creates(100), Delete("c-1")]), CONTACTS, api.send)
    assert failure.value.result.outcomes[-1] == BulkOutcome(
        index=100, action="delete", status=status, id="c-1"
    )


async def test_a_first_batch_that_fails_is_told_as_it_is() -> None:
    error = PermissionDeniedError("403: the token lacks a scope", status=403)
    with pytest.raises(PermissionDeniedError) as failure:
        await run_bulk(creates(3), CONTACTS, Api(fails_at=0, error=error).send)
    assert failure.value is error


async def test_a_stream_that_breaks_loses_no_outcome_and_is_closed() -> None:
    closed: list[bool] = []

    async def broken() -> AsyncIterator[Operation]:
        try:
            for operation in creates(130):
                yield operation
            raise OSError("the spreadsheet is gone")
        finally:
            closed.append(True)

    api = Api()
    with pytest.raises(BulkInterruptedError, match="the spreadsheet is gone") as failure:
        await run_bulk(broken(), CONTACTS, api.send)
    assert failure.value.result.succeeded == 100
    assert closed == [True]


async def test_a_stream_is_closed_when_a_batch_fails() -> None:
    closed: list[bool] = []

    async def endless() -> AsyncIterator[Operation]:
        try:
            while True:
                yield Delete("c-1")
        finally:
            closed.append(True)

    with pytest.raises(ConnectionLostError):
        await run_bulk(endless(), CONTACTS, Api(fails_at=0, error=ConnectionLostError("broke")).send)
    assert closed == [True]


async def test_what_the_api_leaves_out_is_unknown() -> None:
    async def send(batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        error = BulkItemError(code="VALIDATION_ERROR", message="no")
        return BulkAnswer(results=(BulkOutcome(index=1, action="create", status="error", error=error),))

    result = await run_bulk(creates(3), CONTACTS, send)
    assert [outcome.status for outcome in result.outcomes] == ["unknown", "error", "unknown"]
    assert result.batch_ids == (None,)


async def test_outcomes_without_an_index_are_taken_in_their_order() -> None:
    async def send(batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        return BulkAnswer(results=tuple(BulkOutcome(status="success", id=f"{n}") for n in range(len(batch))))

    result = await run_bulk(creates(2), CONTACTS, send)
    assert [(outcome.index, outcome.id) for outcome in result.outcomes] == [(0, "0"), (1, "1")]


def test_nothing_personal_shows() -> None:
    shown = repr([Create({"email": "ann@example.org"}), Update("c-1", {"phone": "555"}, {"vip": "ann"})])
    assert "ann" not in shown
    assert "555" not in shown


def test_a_result_shows_its_counts() -> None:
    statuses = ("success", "success", "error", "unknown", "not_sent", "refused")
    outcomes = tuple(
        BulkOutcome(id="ann", status=status, error=BulkItemError(message="ann")) for status in statuses
    )
    result = BulkResult(outcomes=outcomes, batch_ids=("b-1",), unmatched=outcomes)
    assert repr(result) == "BulkResult(total=6, succeeded=2, failed=4, batch_ids=('b-1',))"


async def test_masks_are_sent_only_where_they_are_allowed() -> None:
    masked = [Create({"email": "j***@a***.com"}), Update("c-1", {"phone": "***-***-4567"})]
    for operation in masked:
        with pytest.raises(ValueError, match=r"operation 0: (email|phone) is masked"):
            await run_bulk([operation], CONTACTS, Api().send)
    result = await run_bulk(masked, CONTACTS, Api().send, allow_masked=True)
    assert result.succeeded == 2


@pytest.mark.parametrize("value", [object(), "\ud800"])
async def test_what_cannot_become_json_is_found_before_anything_is_sent(value: object) -> None:
    api = Api()
    wrong = Update("c-1", {}, {"vip": value})
    with pytest.raises((TypeError, ValueError), match=r"^operation 150: ") as failure:
        await run_bulk([*creates(150), wrong], CONTACTS, api.send)
    assert type(failure.value) in (TypeError, ValueError)
    assert api.batches == []


async def test_what_was_taken_from_a_stream_and_never_sent_is_told() -> None:
    api = Api()
    wrong: Any = "c-1"
    with pytest.raises(BulkInterruptedError, match="operation 130: must be Create") as failure:
        await run_bulk(one_by_one([*creates(130), wrong]), CONTACTS, api.send)
    assert [outcome.index for outcome in failure.value.result.outcomes] == list(range(130))
    assert [outcome.status for outcome in failure.value.result.outcomes] == (
        ["success"] * 100 + ["not_sent"] * 30
    )


async def test_a_generator_is_read_as_far_as_batches_are_sent() -> None:
    taken: list[int] = []

    def generated() -> Iterator[Operation]:
        for number, operation in enumerate(creates(130)):
            taken.append(number)
            yield operation
        yield Create({"name": "?"})

    api, read_before = Api(), []

    async def send(batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        read_before.append(len(taken))
        return await api.send(batch, on_attempt)

    with pytest.raises(BulkInterruptedError, match="operation 130: unknown: name") as failure:
        await run_bulk(generated(), CONTACTS, send)
    assert read_before == [100]
    assert api.batches[0][99] == {"action": "create", "data": {"email": "99@example.org"}}
    assert [outcome.status for outcome in failure.value.result.outcomes] == (
        ["success"] * 100 + ["not_sent"] * 30
    )


@pytest.mark.parametrize("statuses", [("error", "success"), ("success", "error")])
async def test_of_two_outcomes_for_one_operation_the_failure_counts(statuses: tuple[str, str]) -> None:
    async def send(batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        return BulkAnswer(results=tuple(BulkOutcome(index=0, status=status) for status in statuses))

    result = await run_bulk(creates(1), CONTACTS, send)
    assert [outcome.status for outcome in result.outcomes] == ["error"]


@pytest.mark.parametrize(
    "answer",
    [
        {"batch_id": "b", "results": [{"index": 0, "id": "c-1"}], "stats": {"total": 1}},
        {"results": [{"index": "0", "id": "c-1"}], "stats": {}},
        {"data": {"results": [{"index": 0, "id": "c-1"}]}},
        {"success": True, "data": {"results": [{"index": 0, "id": "c-1"}]}},
        {"data": [{"index": 0, "id": "c-1"}]},
        [{"index": 0, "id": "c-1"}],
    ],
)
def test_answers_are_read_in_whatever_envelope(answer: object) -> None:
    decoded = Decoders().record(BULK).decode(json.dumps(answer).encode())
    assert decoded.results == (BulkOutcome(index=0, id="c-1"),)


@pytest.mark.parametrize("answer", [{"results": None}, {"stats": {"total": 2}}, {}])
async def test_an_answer_without_outcomes_leaves_them_unknown(answer: object) -> None:
    decoded = Decoders().record(BULK).decode(json.dumps(answer).encode())

    async def send(batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        return decoded

    result = await run_bulk(creates(2), CONTACTS, send)
    assert [outcome.status for outcome in result.outcomes] == ["unknown"] * 2


async def test_a_batch_that_was_never_attempted_is_called_not_sent() -> None:
    api = Api()

    async def send(batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        if api.batches:
            raise DeadlineExceededError("it waited for the rate limit too long")
        return await api.send(batch, on_attempt)

    with pytest.raises(BulkInterruptedError) as failure:
        await run_bulk(creates(250), CONTACTS, send)
    assert [outcome.status for outcome in failure.value.result.outcomes] == (
        ["success"] * 100 + ["not_sent"] * 150
    )


# Outcomes of the caller's


async def test_outcomes_are_filled_as_batches_are_answered() -> None:
    api, outcomes = Api(), BulkOutcomes()
    seen: list[int] = []

    async def send(batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        seen.append(len(outcomes))
        return await api.send(batch, on_attempt)

    result = await run_bulk(creates(250), CONTACTS, send, outcomes=outcomes)
    assert seen == [0, 100, 200]
    assert outcomes.result == result
    assert [*outcomes] == [*result.outcomes]
    assert repr(outcomes) == "<BulkOutcomes: 250 operations>"


@pytest.mark.parametrize(
    "ending", [asyncio.CancelledError(), KeyboardInterrupt(), PermissionDeniedError("403")]
)
@pytest.mark.parametrize("fails_at", [0, 2])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_call_that_ends_early_keeps_its_outcomes(
    ending: BaseException, fails_at: int, streamed: bool
) -> None:
    outcomes, operations = BulkOutcomes(), creates(420)
    with pytest.raises((type(ending), BulkInterruptedError)) as failure:
        await run_bulk(
            one_by_one(operations) if streamed else operations,
            CONTACTS,
            Api(fails_at=fails_at, error=ending).send,
            outcomes=outcomes,
        )
    taken = (fails_at + 1) * 100 if streamed else 420
    assert [outcome.index for outcome in outcomes] == list(range(taken))
    assert [outcome.status for outcome in outcomes] == (
        ["success"] * fails_at * 100 + ["unknown"] * 100 + ["not_sent"] * (taken - fails_at * 100 - 100)
    )
    if isinstance(failure.value, BulkInterruptedError):
        assert failure.value.result == outcomes.result


async def test_a_source_that_is_cancelled_keeps_the_outcomes() -> None:
    async def source() -> AsyncIterator[Operation]:
        for operation in creates(130):
            yield operation
        raise asyncio.CancelledError

    outcomes = BulkOutcomes()
    with pytest.raises(asyncio.CancelledError):
        await run_bulk(source(), CONTACTS, Api().send, outcomes=outcomes)
    assert [outcome.status for outcome in outcomes] == ["success"] * 100 + ["not_sent"] * 30


async def test_outcomes_are_those_of_one_call() -> None:
    outcomes, api = BulkOutcomes(), Api()
    with pytest.raises(TypeError):
        await run_bulk([Create({})], CONTACTS, api.send, outcomes=outcomes)
    await run_bulk(creates(1), CONTACTS, api.send, outcomes=outcomes)
    with pytest.raises(ValueError, match="another call"):
        await run_bulk(creates(1), CONTACTS, api.send, outcomes=outcomes)
    wrong: Any = []
    with pytest.raises(TypeError, match=r"outcomes must be a BulkOutcomes\(\), not list"):
        await run_bulk(creates(1), CONTACTS, api.send, outcomes=wrong)
    assert len(api.batches) == 1


async def test_what_belongs_to_no_operation_is_kept_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    odd = BulkOutcome(id="ann", status="success")

    async def send(batch: list[dict[str, Any]], on_attempt: Callable[[], object]) -> BulkAnswer:
        return BulkAnswer(results=(odd,))

    result = await run_bulk(creates(2), CONTACTS, send)
    assert [outcome.status for outcome in result.outcomes] == ["unknown"] * 2
    assert result.unmatched == (odd,)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "1 outcomes that belong to no operation" in record.getMessage()
    assert "ann" not in record.getMessage()
