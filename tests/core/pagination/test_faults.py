"""With any fault of the server, a stream returns every record once, or ends in one typed error."""

from __future__ import annotations

import anyio
import pytest

from sessionboard_async import AsyncSession, Consistency, Retry, SessionboardError, Timeout
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.support.http_server import IMPATIENT, read_into

pytestmark = [pytest.mark.anyio, pytest.mark.untraced, pytest.mark.usefixtures("nothing_left")]

PAGES = 10
PAGE_SIZE = 3
SEARCH = "search-sessions"

FAULTS = {
    "refuse": lambda **when: Fault("refuse", **when),
    "close_before": lambda **when: Fault("close_before", **when),
    "close_midway": lambda **when: Fault("close_midway", **when),
    "truncate": lambda **when: Fault("truncate", **when),
    "wrong_content_type": lambda **when: Fault("wrong_content_type", **when),
    "invalid_json": lambda **when: Fault("invalid_json", **when),
    "slow": lambda **when: Fault("slow", interval=0.001, **when),
    "too_slow": lambda **when: Fault("slow", interval=0.2, **when),
    "status_400": lambda **when: Fault("status", status=400, **when),
    "status_401": lambda **when: Fault("status", status=401, **when),
    "status_404": lambda **when: Fault("status", status=404, **when),
    "status_429": lambda **when: Fault("status", status=429, **when),
    "status_429_retry_after": lambda **when: Fault("status", status=429, retry_after=0.01, **when),
    "status_500": lambda **when: Fault("status", status=500, **when),
    "status_502": lambda **when: Fault("status", status=502, **when),
    "status_503_retry_after": lambda **when: Fault("status", status=503, retry_after=0.01, **when),
    "status_504": lambda **when: Fault("status", status=504, **when),
    "redirect": lambda **when: Fault("redirect", location="http://127.0.0.1:1/elsewhere", **when),
    "wrong_page": lambda **when: Fault("wrong_page", **when),
    "empty_page": lambda **when: Fault("empty_page", **when),
}
"""Every kind of fault of the embedded server, by a name for the test's id."""

OVERCOME = {
    "refuse",
    "close_before",
    "close_midway",
    "truncate",
    "invalid_json",
    "wrong_content_type",
    "slow",
    "too_slow",
    "status_429",
    "status_429_retry_after",
    "status_500",
    "status_502",
    "status_503_retry_after",
    "status_504",
}
"""The faults that a retry overcomes, or that do no harm."""

MOSTLY_HARMLESS = {"slow", "wrong_page", "empty_page"}
"""The faults that are only seen on a busy machine, or on pages where they are wrong."""


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("prefetch", [0, *(pytest.param(depth, marks=pytest.mark.slow) for depth in (1, 8))])
@pytest.mark.parametrize(
    "compress", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["gzip", "identity"]
)
@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_on_page_3_of_10(
    kind: str, compress: bool, prefetch: int, consistency: Consistency
) -> None:
    async with (
        EmbeddedServer(sessions=PAGES * PAGE_SIZE, light=True, compress=compress) as server,
        AsyncSession(
            server.token,
            base_url=server.base_url,
            retry=IMPATIENT,
            # The waits after a 429 take seconds; they are tested elsewhere, in simulated time.
            limits=None,
            timeout=Timeout(attempt=0.3, total=20),
        ) as sb,
    ):
        expected = await ids_in_order(sb, server.event_id, consistency)
        server.faults = [FAULTS[kind](on=3, operation=SEARCH)]
        delivered, error = await read(sb, server.event_id, prefetch, consistency)

    check(delivered, error, expected)
    if kind == "wrong_page" and consistency == "exact":
        # Keyset pagination mostly requests page 1.
        assert error is None or prefetch == 8
    elif kind in OVERCOME or kind == "empty_page":
        assert error is None
    else:
        assert error is not None
        assert delivered == expected[: len(delivered)]
        # With prefetch, the third request to arrive need not be the one for page 3.
        assert len(delivered) == 2 * PAGE_SIZE or prefetch == 8


@pytest.mark.slow
@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("prefetch", [0, pytest.param(1, marks=pytest.mark.slow), 8])
@pytest.mark.parametrize("every", [*(pytest.param(every, marks=pytest.mark.slow) for every in (1, 2)), 3])
@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_on_every_nth_request(
    kind: str, every: int, prefetch: int, consistency: Consistency
) -> None:
    async with (
        EmbeddedServer(sessions=PAGES * PAGE_SIZE, light=True) as server,
        AsyncSession(
            server.token,
            base_url=server.base_url,
            # On a busy machine, attempts without a fault may take too long as well.
            retry=IMPATIENT if every == 1 else Retry(base_delay=0.0, attempts=20),
            # The waits after a 429 take seconds; they are tested elsewhere, in simulated time.
            limits=None,
            timeout=Timeout(attempt=0.05 if kind == "too_slow" and every == 1 else 0.3, total=60),
        ) as sb,
    ):
        expected = await ids_in_order(sb, server.event_id, consistency)
        server.faults = [FAULTS[kind](every=every, operation=SEARCH)]
        delivered, error = await read(sb, server.event_id, prefetch, consistency)

    check(delivered, error, expected)
    if kind == "wrong_content_type" or (kind in OVERCOME - {"slow"} and every > 1):
        assert error is None
    elif kind not in MOSTLY_HARMLESS and every == 1:
        assert error is not None
        assert delivered == []
    elif kind not in MOSTLY_HARMLESS and prefetch == 0:
        assert error is not None
        assert len(delivered) == (every - 1) * PAGE_SIZE


_orders: dict[Consistency, list[str | None]] = {}


async def ids_in_order(sb: AsyncSession, event_id: int, consistency: Consistency) -> list[str | None]:
    """Return the ids of all sessions, which are the same on every server; read them once."""
    if consistency not in _orders:
        ids = [talk.id async for talk in sb.sessions.search(event_id, consistency=consistency)]
        assert len(ids) == PAGES * PAGE_SIZE
        _orders[consistency] = ids
    return _orders[consistency]


def check(delivered: list[str | None], error: Exception | None, expected: list[str | None]) -> None:
    """Check that all records were returned once and in order, or that there is one typed error."""
    assert error is None or isinstance(error, SessionboardError)
    assert delivered == [id_ for id_ in expected if id_ in set(delivered)]
    assert error is not None or delivered == expected


async def read(
    sb: AsyncSession, event_id: int, prefetch: int, consistency: Consistency
) -> tuple[list[str | None], Exception | None]:
    """Read a search to its end, and return the ids and the error that ended it."""
    delivered: list[str | None] = []
    with anyio.fail_after(20):
        try:
            pager = sb.sessions.search(
                event_id, page_size=PAGE_SIZE, prefetch=prefetch, consistency=consistency
            )
            await read_into(delivered, pager)
        except Exception as error:  # noqa: BLE001  # the caller checks its type
            return delivered, error
    return delivered, None


async def test_a_restarted_server_is_used_again() -> None:
    server = EmbeddedServer(sessions=9)
    await server.start()
    async with AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb:
        expected = await sb.sessions.search(server.event_id).collect()
        await server.stop()
        with pytest.raises(SessionboardError) as caught:
            await sb.sessions.search(server.event_id).collect()
        assert caught.value.attempts == 5
        await server.start()
        assert await sb.sessions.search(server.event_id).collect() == expected
    await server.stop()
