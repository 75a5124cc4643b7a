"""Rate limits of the embedded server, as a client observes them."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any, cast

import aiohttp
import pytest

from sessionboard_async.testing import EmbeddedServer, Fault, ServerLimits

pytestmark = pytest.mark.anyio

TAGS = "/v1/event/4630/tags"
ROOMS = "/v1/event/4630/rooms"
SEARCH = "/v1/event/4630/sessions"
CREATE = "/v1/event/4630/sessions/create"


class Clock:
    """A clock that advances only on request."""

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """A client of a limited server.

    Attributes:
        server: The server.
        clock: The clock of its windows.
    """

    def __init__(self, server: EmbeddedServer, clock: Clock, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.clock = clock
        self._http = http

    async def ask(
        self, path: str = TAGS, *, method: str = "GET", json: object = None, token: str | None = None
    ) -> tuple[int, Mapping[str, str], Any]:
        headers = {"x-access-token": self.server.token if token is None else token}
        async with self._http.request(method, path, json=json, headers=headers) as response:
            return response.status, response.headers, await response.json()

    async def create(self) -> tuple[int, Mapping[str, str], Any]:
        return await self.ask(CREATE, method="POST", json={"title": "A talk"})

    async def remaining(self, path: str = TAGS, **arguments: Any) -> int:
        _, headers, _ = await self.ask(path, **arguments)
        return int(headers["RateLimit-Remaining"])

    async def statuses(self, count: int, path: str = TAGS) -> list[int]:
        return [(await self.ask(path))[0] for _ in range(count)]


@asynccontextmanager
async def limited(**limits: Any) -> AsyncIterator[Client]:
    clock = Clock()
    server = EmbeddedServer(sessions=30, limits=ServerLimits(**limits), clock=clock)
    async with server, aiohttp.ClientSession(server.base_url) as http:
        yield Client(server, clock, http)


def rate_limit_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if "RateLimit" in name or name == "Retry-After"}


async def test_without_limits_nothing_is_refused_and_there_are_no_headers() -> None:
    async with EmbeddedServer(sessions=30) as server, aiohttp.ClientSession(server.base_url) as http:
        client = Client(server, Clock(), http)
        answers = [await client.ask() for _ in range(120)]
    assert server.limits is None
    assert server.refusals == 0
    assert {status for status, _, _ in answers} == {200}
    assert all(rate_limit_headers(headers) == {} for _, headers, _ in answers)


async def test_a_window_opens_at_the_first_request_and_refuses_excess_requests() -> None:
    async with limited(requests=3, window=10.0) as client:
        assert await client.statuses(1) == [200]
        client.clock.now += 4
        assert await client.statuses(3) == [200, 200, 429]
        status, headers, body = await client.ask()
        assert status == 429
        assert rate_limit_headers(headers) == {
            "RateLimit-Limit": "3",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": "6",
            "Retry-After": "6",
        }
        assert body == {"error": "TooManyRequestsError", "message": "too many requests"}
        assert client.server.refusals == 2
        client.clock.now += 6
        assert await client.statuses(4) == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("style", "answered", "refused"),
    [
        (
            "draft-6",
            {"RateLimit-Limit": "2", "RateLimit-Remaining": "1", "RateLimit-Reset": "10"},
            {"RateLimit-Limit": "2", "RateLimit-Remaining": "0", "RateLimit-Reset": "10"},
        ),
        (
            "draft-7",
            {"RateLimit": "limit=2, remaining=1, reset=10", "RateLimit-Policy": "2;w=10"},
            {"RateLimit": "limit=2, remaining=0, reset=10", "RateLimit-Policy": "2;w=10"},
        ),
        (
            "draft-8",
            {"RateLimit": '"window";r=1;t=10', "RateLimit-Policy": '"window";q=2;w=10'},
            {"RateLimit": '"window";r=0;t=10', "RateLimit-Policy": '"window";q=2;w=10'},
        ),
        (
            "x",
            {"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "10"},
            {"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "10"},
        ),
    ],
)
async def test_each_style_of_header(style: str, answered: dict[str, str], refused: dict[str, str]) -> None:
    async with limited(requests=2, window=9.5, headers=style) as client:
        first, _, third = [await client.ask() for _ in range(3)]
    assert (first[0], rate_limit_headers(first[1])) == (200, answered)
    assert (third[0], rate_limit_headers(third[1])) == (429, {**refused, "Retry-After": "10"})


async def test_the_epoch_style_has_a_time_that_matches_the_date_of_the_answer() -> None:
    earliest = time.time()
    async with limited(requests=1, window=900.0, headers="epoch") as client:
        answers = [await client.ask() for _ in range(2)]
    latest = time.time()
    assert [status for status, _, _ in answers] == [200, 429]
    for _, headers, _ in answers:
        reset = int(headers["X-RateLimit-Reset"])
        assert earliest + 900 <= reset <= latest + 901
        assert 899 <= reset - parsedate_to_datetime(headers["Date"]).timestamp() <= 902
    assert rate_limit_headers(answers[1][1]).keys() == {
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "Retry-After",
    }


async def test_the_style_none_refuses_without_headers() -> None:
    async with limited(requests=1, headers="none") as client:
        answers = [await client.ask() for _ in range(2)]
    assert [status for status, _, _ in answers] == [200, 429]
    assert all(rate_limit_headers(headers) == {} for _, headers, _ in answers)


async def test_a_category_is_one_budget_and_another_one_is_its_own() -> None:
    async with limited() as client:
        assert [await client.remaining(path) for path in (TAGS, ROOMS, TAGS)] == [99, 98, 97]
        _, headers, _ = await client.create()
        assert headers["RateLimit-Remaining"] == "99"


async def test_searches_are_not_limited_by_default() -> None:
    async with limited(requests=1) as client:
        answers = [await client.ask(SEARCH, method="POST") for _ in range(3)]
        assert [(status, rate_limit_headers(headers)) for status, headers, _ in answers] == [(200, {})] * 3
    async with limited(requests=1, searches=True) as client:
        assert [(await client.ask(SEARCH, method="POST"))[0] for _ in range(2)] == [200, 429]
        assert await client.statuses(2, "/v1/events") == [200, 429]
        assert (
            (await client.ask("/oauth/.well-known/oauth-authorization-server"))[1]
            .keys()
            .isdisjoint({"RateLimit-Limit"})
        )


async def test_two_tokens_have_a_budget_each_and_one_token_has_one_however_it_is_sent() -> None:
    async with limited(requests=5) as client:
        other = client.server.issue_token()
        assert [await client.remaining() for _ in range(2)] == [4, 3]
        assert await client.remaining(token=other) == 4
        async with aiohttp.ClientSession(client.server.base_url) as http:
            bearer = {"Authorization": f"Bearer {client.server.token}"}
            async with http.get(TAGS, headers=bearer) as response:
                assert response.headers["RateLimit-Remaining"] == "2"


async def test_requests_refused_for_other_reasons_count_if_the_token_is_valid() -> None:
    async with limited(requests=10) as client:
        status, headers, _ = await client.ask(token="unknown")
        assert (status, rate_limit_headers(headers)) == (401, {})
        reader = client.server.issue_token(scopes=["read:contacts"])
        status, headers, _ = await client.ask(token=reader)
        assert (status, headers["RateLimit-Remaining"]) == (403, "9")
        status, headers, _ = await client.ask("/v1/event/1/tags")
        assert (status, headers["RateLimit-Remaining"]) == (404, "9")
        status, headers, _ = await client.ask(f"{TAGS}?colour=red")
        assert (status, headers["RateLimit-Remaining"]) == (400, "8")
        assert await client.remaining() == 7


async def test_cached_answers_count_and_have_current_rate_limit_headers() -> None:
    async with limited(requests=3) as client:
        answers = [await client.ask() for _ in range(4)]
    assert answers[0][2] == answers[1][2] == answers[2][2]
    assert [headers["RateLimit-Remaining"] for _, headers, _ in answers] == ["2", "1", "0", "0"]
    assert [status for status, _, _ in answers] == [200, 200, 200, 429]


async def test_a_refused_write_does_not_happen() -> None:
    async with limited(requests=1) as client:
        assert [(await client.create())[0] for _ in range(3)] == [200, 429, 429]
        _, _, found = await client.ask(SEARCH, method="POST")
        assert found["pagination"]["totalResults"] == 31


async def test_the_daily_quota() -> None:
    async with limited(requests=3, window=10.0, daily_quota=4) as client:
        for _ in range(3):
            assert rate_limit_headers((await client.create())[1])["RateLimit-Limit"] == "4"
        _, headers, body = await client.create()
        assert headers["RateLimit-Limit"] == "3"
        assert body["message"] == "too many requests"
        client.clock.now += 10
        assert (await client.create())[0] == 200
        status, headers, body = await client.create()
        assert status == 429
        assert body["message"] == "Rate limit or daily quota exceeded"
        assert rate_limit_headers(headers) == {
            "RateLimit-Limit": "4",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": "86390",
            "Retry-After": "86390",
        }
        assert client.server.refusals == 2
        client.clock.now += 86_390
        assert (await client.create())[0] == 200


async def test_the_daily_quota_is_an_item_of_its_own_in_draft_8() -> None:
    async with limited(headers="draft-8", daily_quota=1) as client:
        await client.create()
        status, headers, _ = await client.create()
    assert status == 429
    assert rate_limit_headers(headers) == {
        "RateLimit": '"window";r=98;t=900, "daily";r=0;t=86400',
        "RateLimit-Policy": '"window";q=100;w=900, "daily";q=1;w=86400',
        "Retry-After": "86400",
    }


async def test_several_processes_count_separately() -> None:
    async with limited(requests=2, processes=3) as client:
        assert [await client.remaining() for _ in range(6)] == [1, 1, 1, 0, 0, 0]
        assert await client.statuses(3) == [429] * 3


async def test_another_client_uses_its_share_meanwhile() -> None:
    async with limited(stranger=0.5) as client:
        assert await client.remaining() == 99
        client.clock.now += 450
        assert await client.remaining() == 100 - 2 - 25
        client.clock.now += 449
        assert await client.remaining() == 100 - 3 - 50
        assert await client.statuses(48) == [200] * 47 + [429]


async def test_injected_statuses_come_before_the_limits_and_spoilt_answers_after_them() -> None:
    async with limited() as client:
        client.server.faults.append(Fault("status", on=1, status=429, retry_after=1))
        status, headers, _ = await client.ask()
        assert (status, rate_limit_headers(headers)) == (429, {"Retry-After": "1"})
        assert client.server.refusals == 0
        assert await client.remaining() == 99
        client.server.faults[:] = [Fault("close_midway", on=1)]
        with pytest.raises(aiohttp.ClientPayloadError):
            await client.ask()
        assert await client.remaining() == 97


async def test_counters_outlast_a_restart() -> None:
    server = EmbeddedServer(sessions=30, limits=ServerLimits(requests=3), clock=Clock())
    remaining = []
    for _ in range(3):
        async with server, aiohttp.ClientSession(server.base_url) as http:
            remaining.append(await Client(server, Clock(), http).remaining())
    assert remaining == [2, 1, 0]


async def test_limits_are_read_only() -> None:
    limits = ServerLimits(requests=7)
    server = EmbeddedServer(limits=limits)
    assert server.limits is limits
    with pytest.raises(AttributeError):
        server.limits = None  # type: ignore[misc]  # read-only


async def test_limits_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match=re.escape("limits must be a ServerLimits(...), not dict")):
        EmbeddedServer(limits=cast("ServerLimits", {"requests": 7}))
