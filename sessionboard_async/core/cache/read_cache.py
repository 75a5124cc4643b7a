"""The cache of a client, and the engine that uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast, overload

import msgspec

from sessionboard_async.core.cache.answers import Answers
from sessionboard_async.core.cache.shared_calls import SharedCalls
from sessionboard_async.core.endpoint import ENDPOINTS, Pages
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.request import Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.core.options import Cache

T = TypeVar("T")


class ReadCache:
    """The answers of a client and its views, and their requests under way.

    Args:
        options: How long answers are kept, and how many.
        lifetime: The lifetime of the client.

    Attributes:
        answers: The answers. Their bytes, not the decoded records: some of those have parts that a caller can
            change.
        calls: The requests under way, each with its answer and the record that was decoded to check it.
    """

    def __init__(self, options: Cache, lifetime: Lifetime) -> None:
        self.answers: Answers[Response] = Answers(options)
        self.calls: SharedCalls[tuple[Response, list[object]]] = SharedCalls(lifetime)

    def engine(self, engine: Engine) -> Engine:
        """Return an engine with the same parts and options that uses this cache."""
        return CachingEngine(engine, self)


class CachingEngine(Engine):
    """An engine that answers GETs of single records from a cache, which its writes clear.

    Args:
        engine: The engine whose parts and options it has.
        cache: The cache.
    """

    def __init__(self, engine: Engine, cache: ReadCache) -> None:
        vars(self).update(vars(engine))
        self._cache = cache

    @overload
    async def send(self, request: Request) -> Response: ...

    @overload
    async def send(
        self, request: Request, decode: Callable[[Response], T], *, answered: Response | None = None
    ) -> T: ...

    async def send(
        self,
        request: Request,
        decode: Callable[[Response], T] | None = None,
        *,
        answered: Response | None = None,
    ) -> Response | T:
        """Send a request as ``Engine.send`` does, unless its answer is known or under way."""
        if decode is not None and is_record_read(request):
            return await self._read(request, decode)
        if not may_write(request):
            return await self._send(request, decode, answered)
        # The answers to reads under way may be those from before the write, or from after it.
        self._cache.answers.drop()
        try:
            return await self._send(request, decode, answered)
        finally:
            self._cache.answers.drop()

    async def _read(self, request: Request, decode: Callable[[Response], T]) -> T:
        self.check()
        answers = self._cache.answers
        response = answers.find(request.target, self._clock())
        if response is None:
            # Calls with other options do not wait for this request: it may take longer, or give up earlier.
            options = (self._timeout, self._retry, self._limiter, self._max_wait)
            generation = answers.generation
            response, decoded = await self._cache.calls.join(
                (request.target, generation, options), lambda: self._fetch(request, decode, generation)
            )
            if decoded:
                return cast("T", decoded.pop())
        return decode(response)

    async def _fetch(
        self, request: Request, decode: Callable[[Response], T], generation: int
    ) -> tuple[Response, list[object]]:
        """Send a request, keep its answer, and return it with the decoded record."""
        sent = self._clock()
        decoded: list[object] = []

        def note_attempt() -> None:
            nonlocal sent
            sent = self._clock()

        def decode_once(response: Response) -> Response:
            decoded.append(decode(response))
            # The headers are not needed any more, and take more memory than a small body.
            return Response(response.status, {}, response.body)

        request = msgspec.structs.replace(request, on_attempt=note_attempt)
        response = await super().send(request, decode_once)
        self._cache.answers.keep(
            request.target,
            response,
            len(response.body),
            sent=sent,
            generation=generation,
            now=self._clock(),
        )
        return response, decoded

    async def _send(
        self, request: Request, decode: Callable[[Response], T] | None, answered: Response | None
    ) -> Response | T:
        if decode is None:
            return await super().send(request)
        return await super().send(request, decode, answered=answered)


def is_record_read(request: Request) -> bool:
    """Return whether the answer to a request is one record, read with the token of the client."""
    if request.method != "GET" or request.operation is None or not request.authenticated:
        return False
    answer = ENDPOINTS[request.operation].answer
    return answer is not None and not isinstance(answer, Pages)


def may_write(request: Request) -> bool:
    """Return whether a request may change a record.

    Operations that only search are known. Of a POST outside the API's document, ``idempotent=True`` does not
    say that it changes nothing.
    """
    if request.method in {"GET", "HEAD"}:
        return False
    return request.operation is None or not request.idempotent
