"""The limiter over real sockets, against a server that counts."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from sessionboard_async import (
    AsyncSession,
    Budget,
    DailyQuotaExceeded,
    RateLimits,
    RateLimitWaitExceeded,
    Timeout,
)
from sessionboard_async.testing import EmbeddedServer, Fault, ServerLimits
from sessionboard_async.testing.rate_limits import HeaderStyle

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

EVENT = 4630
PATIENT = RateLimits(max_wait=None)
STYLES: list[HeaderStyle] = ["draft-6", "draft-7", "draft-8", "x", "epoch"]


async def a_sponsor(sb: AsyncSession) -> str:
    sponsor = await sb.sponsors.search(EVENT).first()
    assert sponsor is not None
    assert sponsor.id is not None
    return sponsor.id


async def test_two_windows_are_used_in_full_and_nothing_is_refused() -> None:
    # The wait for the second window is longer than an attempt may take.
    patient = Timeout(attempt=1.5, total=None)
    async with (
        EmbeddedServer(limits=ServerLimits(requests=20, window=1.0)) as server,
        AsyncSession(server.token, base_url=server.base_url, limits=PATIENT, timeout=patient) as sb,
    ):
        sponsor = await a_sponsor(sb)
        with anyio.fail_after(15):
            await asyncio.gather(*(sb.sponsors.get(EVENT, sponsor) for _ in range(40)))
        assert server.refusals == 0
        assert len(server.requests) == 41


@pytest.mark.parametrize("headers", STYLES)
async def test_every_form_of_headers_is_understood(headers: HeaderStyle) -> None:
    async with (
        EmbeddedServer(limits=ServerLimits(requests=3, window=900, headers=headers)) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        sponsor = await a_sponsor(sb)
        for _ in range(3):
            await sb.sponsors.get(EVENT, sponsor)
        with pytest.raises(RateLimitWaitExceeded) as caught:
            await sb.sponsors.get(EVENT, sponsor)
        assert (caught.value.category, caught.value.limit) == ("entity-reads", 3)
        assert caught.value.seconds == pytest.approx(901, abs=3)
        assert server.refusals == 0


@pytest.mark.parametrize("limits", [None, ServerLimits(requests=1_000)])
async def test_more_calls_at_once_than_documented_fail_only_if_the_server_says_so(
    limits: ServerLimits | None,
) -> None:
    async with (
        EmbeddedServer(limits=limits) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        sponsor = await a_sponsor(sb)
        got = await asyncio.gather(*(sb.sponsors.get(EVENT, sponsor) for _ in range(120)))
        assert {one.id for one in got} == {sponsor}


async def test_calls_at_once_beyond_an_announced_limit_fail_when_it_is_announced() -> None:
    async with (
        EmbeddedServer(limits=ServerLimits(requests=5)) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        sponsor = await a_sponsor(sb)
        calls = (sb.sponsors.get(EVENT, sponsor) for _ in range(8))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(outcome, RateLimitWaitExceeded) for outcome in outcomes) == 3
        assert server.refusals == 0


async def test_a_wait_holds_no_connection() -> None:
    async with (
        EmbeddedServer(limits=ServerLimits(requests=1, window=900)) as server,
        AsyncSession(
            server.token, base_url=server.base_url, limits=PATIENT, timeout=Timeout(total=None), pool_size=1
        ) as sb,
    ):
        sponsor = await a_sponsor(sb)
        await sb.sponsors.get(EVENT, sponsor)
        waiting = asyncio.ensure_future(sb.sponsors.get(EVENT, sponsor))
        await asyncio.sleep(0.01)
        assert (await sb.limits.snapshot())["entity-reads"].waiting == 1
        with anyio.fail_after(5):
            assert await a_sponsor(sb) == sponsor
        waiting.cancel()
        await asyncio.wait({waiting})


async def test_searches_that_wait_for_each_other_are_listed() -> None:
    async with (
        EmbeddedServer(faults=[Fault("slow", interval=60, every=1)]) as server,
        AsyncSession(server.token, base_url=server.base_url, limits=RateLimits(concurrency=2)) as sb,
    ):
        calls = [asyncio.ensure_future(sb.rooms.search(EVENT).first()) for _ in range(5)]
        while len(server.requests) < 2:  # noqa: ASYNC110  # the server has no event for it
            await asyncio.sleep(0)
        assert await sb.limits.snapshot() == {
            "concurrency": Budget("concurrency", 2, None, None, in_flight=2, waiting=3)
        }
        for call in calls[2:]:
            call.cancel()
        await asyncio.wait(calls[2:])
        assert await sb.limits.snapshot() == {}
        for call in calls[:2]:
            call.cancel()
        await asyncio.wait(calls)


async def test_the_time_of_one_attempt_does_not_run_while_it_waits_for_the_budget() -> None:
    hasty = Timeout(attempt=0.1, total=None)
    async with (
        EmbeddedServer(limits=ServerLimits(requests=1, window=900)) as server,
        AsyncSession(server.token, base_url=server.base_url, limits=PATIENT) as sb,
    ):
        sponsor = await a_sponsor(sb)
        await sb.sponsors.get(EVENT, sponsor)
        waiting = asyncio.ensure_future(sb.with_options(timeout=hasty).sponsors.get(EVENT, sponsor))
        await asyncio.wait({waiting}, timeout=0.3)
        assert not waiting.done()
        assert (await sb.limits.snapshot())["entity-reads"].waiting == 1
        waiting.cancel()
        await asyncio.wait({waiting})
        assert server.refusals == 0


async def test_a_broken_response_counts_as_a_request() -> None:
    async with (
        EmbeddedServer(limits=ServerLimits(requests=5, window=900)) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        sponsor = await a_sponsor(sb)
        server.faults.append(Fault("close_midway", on=2, operation="get-sponsor"))
        for _ in range(4):
            await sb.sponsors.get(EVENT, sponsor)
        with pytest.raises(RateLimitWaitExceeded):
            await sb.sponsors.get(EVENT, sponsor)
        assert server.refusals == 0


async def test_the_daily_quota_fails_at_once_and_sends_nothing_more() -> None:
    async with (
        EmbeddedServer(limits=ServerLimits(requests=100, window=900, daily_quota=2)) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        for name in "ab":
            await sb.sponsors.create(EVENT, name=name)
        with anyio.fail_after(2), pytest.raises(DailyQuotaExceeded) as caught:
            await sb.sponsors.create(EVENT, name="c")
        assert caught.value.reset is not None
        before = len(server.requests)
        with pytest.raises(DailyQuotaExceeded):
            await sb.sponsors.create(EVENT, name="d")
        assert len(server.requests) == before
        await a_sponsor(sb)


async def test_clients_with_the_same_token_share_their_budget() -> None:
    async with EmbeddedServer(limits=ServerLimits(requests=3, window=900)) as server:
        async with AsyncSession(server.token, base_url=server.base_url) as one:
            sponsor = await a_sponsor(one)
            await one.sponsors.get(EVENT, sponsor)
        async with (
            AsyncSession(server.token, base_url=server.base_url) as two,
            AsyncSession(server.token, base_url=server.base_url) as three,
        ):
            assert (await two.limits.snapshot())["entity-reads"].remaining == 2
            await two.sponsors.get(EVENT, sponsor)
            await three.sponsors.get(EVENT, sponsor)
            with pytest.raises(RateLimitWaitExceeded):
                await two.sponsors.get(EVENT, sponsor)
        assert server.refusals == 0
