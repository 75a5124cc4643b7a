"""Bulk writes over a real socket: the outcomes of a call that ends early, and odd answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, BulkInterruptedError, BulkOutcomes, Create, Update
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

MANY = [Create({"email": f"{number}@example.org"}) for number in range(350)]
USED_UP = {"RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": "60"}


def carried_out(body: bytes) -> dict[str, Any]:
    """Return the answer to a batch all of whose operations were carried out."""
    operations = json.loads(body)["operations"]
    results = [
        {"index": index, "status": "success", "id": operation.get("id", f"new-{index}")}
        for index, operation in enumerate(operations)
    ]
    return {"batch_id": "b", "results": results}


def statuses(outcomes: BulkOutcomes) -> list[str | None]:
    return [outcome.status for outcome in outcomes]


async def test_a_call_that_times_out_keeps_its_outcomes(serve: Serve) -> None:
    silent = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if len(server.requests) == 3:
            silent.set()
            await asyncio.sleep(60)
        return web.json_response(carried_out(await request.read()))

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        outcomes = BulkOutcomes()
        call = asyncio.create_task(sb.contacts.bulk(1, MANY, outcomes=outcomes))
        await silent.wait()
        assert statuses(outcomes) == ["success"] * 200
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert statuses(outcomes) == ["success"] * 200 + ["unknown"] * 100 + ["not_sent"] * 50
    assert outcomes.result.batch_ids == ("b", "b")


async def test_a_call_that_is_cancelled_while_it_waits_for_the_rate_limit_sent_nothing(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(carried_out(await request.read()), headers=USED_UP)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        outcomes = BulkOutcomes()
        call = asyncio.create_task(sb.contacts.bulk(1, MANY, outcomes=outcomes))
        await until(lambda: len(outcomes) == 100)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert len(server.requests) == 1
    assert statuses(outcomes) == ["success"] * 100 + ["not_sent"] * 250


async def test_a_batch_that_fails_leaves_the_others_known(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        if len(server.requests) == 1:
            return web.json_response(carried_out(await request.read()), headers={"Connection": "close"})
        return web.json_response({"error": "ServerError", "message": "?"}, status=500)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        outcomes = BulkOutcomes()
        with pytest.raises(BulkInterruptedError, match="100 operations were answered before this") as broken:
            await sb.contacts.bulk(1, MANY, outcomes=outcomes)
    assert broken.value.result == outcomes.result
    assert statuses(outcomes) == ["success"] * 100 + ["unknown"] * 100 + ["not_sent"] * 150
    assert len(server.requests) == 2


ODD: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "without numbers, in another order": lambda results: [
        {name: value for name, value in one.items() if name != "index"} for one in results[::-1]
    ],
    "from 1": lambda results: [one | {"index": one["index"] + 1} for one in results],
    "as texts": lambda results: [one | {"index": str(one["index"])} for one in results],
    "as floats": lambda results: [one | {"index": float(one["index"])} for one in results],
    "in capitals": lambda results: [one | {"status": one["status"].upper()} for one in results],
    "as numbers": lambda results: [
        one | {"status": 201 if one["status"] == "success" else 409} for one in results
    ],
    "twice": lambda results: results + results,
}


@pytest.mark.parametrize("odd", ODD)
async def test_odd_answers_are_understood(serve: Serve, odd: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        results = carried_out(await request.read())["results"]
        results[0]["status"] = "error"
        return web.json_response({"results": ODD[odd](results)})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        result = await sb.contacts.bulk(1, [Update(id_, {"first_name": "Ann"}) for id_ in "ABC"])
    assert [(one.index, one.id, one.status) for one in result.outcomes] == [
        (0, "A", "error"),
        (1, "B", "success"),
        (2, "C", "success"),
    ]
    assert (result.succeeded, result.unmatched) == (2, ())


@pytest.mark.parametrize(
    "error", ["taken", {"code": "CONFLICT", "message": "taken"}, [{"message": "taken"}], ["taken"]]
)
async def test_an_error_in_any_form_costs_no_outcome(serve: Serve, error: object) -> None:
    async def answer(request: web.Request) -> web.Response:
        results = carried_out(await request.read())["results"]
        results[1] = {"index": 1, "status": "error", "error": error}
        return web.json_response({"success": False, "results": results})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        result = await sb.contacts.bulk(1, MANY[:3])
    assert [(one.status, one.id) for one in result.outcomes] == [
        ("success", "new-0"),
        ("error", None),
        ("success", "new-2"),
    ]
    (failure,) = result.failures
    assert failure.error is not None
    assert failure.error.message == "taken"


@pytest.mark.parametrize("broken", ["odd", None, 7, [], {"index": {}, "status": []}])
async def test_an_unreadable_outcome_costs_no_other(serve: Serve, broken: object) -> None:
    async def answer(request: web.Request) -> web.Response:
        results = carried_out(await request.read())["results"]
        results[1] = broken
        return web.json_response({"results": results})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        result = await sb.contacts.bulk(1, MANY[:3])
    assert [one.status for one in result.outcomes] == ["success", "unknown", "success"]


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"success": true}', b'{"results": []}'])
async def test_an_answer_without_outcomes_reports_no_success(serve: Serve, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        result = await sb.contacts.bulk(1, MANY[:2])
    assert [outcome.status for outcome in result.outcomes] == ["unknown"] * 2
    assert len(server.requests) == 1
