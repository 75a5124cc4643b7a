"""The time that answers are kept, and the operations that have them; in virtual time and without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from sessionboard_async import Cache, Retry, Timeout
from sessionboard_async.core.cache.read_cache import ReadCache, is_record_read, may_write
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.auth import Token
from sessionboard_async.core.http.request import Call, Request, build_request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.http.transport import Transport
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.models import Session
from sessionboard_async.services import load_service, load_services
from tests.support.http_server import TOKEN
from tests.support.virtual_time import now, run

load_service("sessions")
GET_SESSION = cast("Endpoint[Session]", ENDPOINTS["get-session"])


class CountingServer:
    """Stands in for the transport: answers after some seconds, or fails so often before."""

    def __init__(self, seconds: float, failures: int = 0) -> None:
        self.seconds = seconds
        self.failures = failures
        self.attempts = 0

    async def send(self, call: Call, timeout: Timeout) -> Response:
        self.attempts += 1
        await asyncio.sleep(self.seconds)
        status = 503 if self.attempts <= self.failures else 200
        return Response(status, {"X": "y"}, b'{"id": "s", "title": "%d"}' % self.attempts)


def caching_engine(server: CountingServer, ttl: float) -> Engine:
    lifetime = Lifetime()
    engine = Engine(
        cast("Transport", server),
        lifetime,
        Decoders(),
        limiter=None,
        max_wait=None,
        token=Token(TOKEN),
        timeout=Timeout(),
        retry=Retry(base_delay=0),
        clock=now,
    )
    return ReadCache(Cache(ttl=ttl), lifetime).engine(engine)


async def get_from(engine: Engine) -> str | None:
    request = build_request(GET_SESSION, {"event_id": 1, "session_id": "s"})
    return (await engine.send(request, engine.decoder(GET_SESSION))).title


def test_an_answer_ages_from_the_moment_when_its_attempt_was_sent() -> None:
    async def main() -> None:
        engine = caching_engine(CountingServer(seconds=4, failures=2), ttl=10)
        assert await get_from(engine) == "3"
        for seconds, expected in [(0, "3"), (5.9, "3"), (0.2, "4"), (5.9, "4"), (0.2, "5")]:
            await asyncio.sleep(seconds)
            assert await get_from(engine) == expected

    run(main())


def test_slow_answers_are_shared_though_they_are_not_kept() -> None:
    async def main() -> None:
        server = CountingServer(seconds=4)
        engine = caching_engine(server, ttl=3)
        assert await asyncio.gather(*(get_from(engine) for _ in range(9))) == ["1"] * 9
        assert await get_from(engine) == "2"

    run(main())


def test_the_headers_of_an_answer_are_not_kept() -> None:
    async def main() -> list[int]:
        engine = caching_engine(CountingServer(seconds=1), ttl=10)
        request = build_request(GET_SESSION, {"event_id": 1, "session_id": "s"})
        return [await engine.send(request, lambda response: len(response.headers)) for _ in range(2)]

    assert run(main()) == [1, 0]


def requests_of(kind: Callable[[Request], bool]) -> set[str]:
    load_services()
    found: set[str] = set()
    for endpoint in ENDPOINTS.values():
        names = [part.partition("}")[0] for part in endpoint.path.split("{")[1:]]
        if kind(build_request(endpoint, dict.fromkeys(names, "x"))):
            found.add(endpoint.operation_id)
    return found


def test_every_get_of_a_record_is_cached() -> None:
    cached = requests_of(is_record_read)
    assert {name for name in cached if not name.startswith("get-")} == set()
    assert {name for name in ENDPOINTS if name.startswith("get-")} - cached == set()


def test_everything_but_gets_searches_and_queries_counts_as_a_write() -> None:
    load_services()
    reads = {name for name, endpoint in ENDPOINTS.items() if endpoint.method == "GET"}
    neither = ENDPOINTS.keys() - requests_of(may_write) - reads
    assert {name for name in neither if not name.startswith("search-")} == {
        "execute-event-query",
        "execute-query",
        "generate-event-query",
        "generate-query",
        "oauth-revoke",
        "run-event-insights-query",
        "run-event-query",
        "run-org-query-convenience",
        "run-query",
        "sign-media-upload-part",
    }
