"""Dispatch of requests to the handlers of the embedded server, without a socket."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from threading import Event, Lock
from typing import cast

import msgspec
from aiohttp import hdrs
from multidict import MultiDict

from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, Pages
from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.errors import RequestError, error_body
from sessionboard_async.testing._data.masking import masked
from sessionboard_async.testing._data.tokens import Access, Grant
from sessionboard_async.testing._handlers import OPERATIONS
from sessionboard_async.testing._http.incoming import refuse_other_media_type
from sessionboard_async.testing._http.response_cache import (
    AnswerCache,
    CachedAnswer,
    EncodedAnswer,
    ExpiringAnswers,
)
from sessionboard_async.testing._http.responses import HTML_PAGE, Answer
from sessionboard_async.testing._writes.changing import ChangingData
from sessionboard_async.testing._writes.requests import (
    DeferredReply,
    HandlerReply,
    HandlerRequest,
    event_of,
)
from sessionboard_async.testing.faults import Fault
from sessionboard_async.testing.rate_limits import Counters, LimitDecision

_CACHE_BYTES = 128 * 1024 * 1024
_LONGEST_QUESTION = 16 * 1024
"""The largest body in bytes of a request whose answer is kept, since the body is kept with it."""

_FORM = "upload-session-file"
_CACHED = frozenset({"search-sessions", "get-session"})
"""Operations whose answers the API repeats for a while, whatever was written meanwhile."""


@dataclass(frozen=True)
class UnfinishedAnswer:
    """An answer that takes long to compute.

    Attributes:
        finish: Computes the answer, in another thread, and gives up once the event is set.
    """

    finish: Callable[[Event], Answer]


class Dispatcher:
    """Answers requests: checks the token, the limits and the scopes, in this order, then runs the operation.

    A request counts against the limits as soon as its token is valid, whatever the answer is. Injected
    statuses and redirects precede all checks, as from a proxy in front of the API: they neither count nor
    carry rate-limit headers.

    Args:
        organization: The data that operations read and change.
        access: The tokens.
        counters: The counters of the rate limits; ``None`` for no limits.
        changing: The changes that happen without a request; ``None`` for none.
        cached: Seconds for which answers about sessions are repeated.
    """

    def __init__(
        self,
        organization: Organization,
        access: Access,
        counters: Counters | None,
        changing: ChangingData | None = None,
        cached: float = 0.0,
    ) -> None:
        self._organization = organization
        self._access = access
        self._counters = counters
        self._cache = AnswerCache(_CACHE_BYTES)
        self._changing = changing
        self._expiring = ExpiringAnswers(cached, organization.clock.now, _CACHE_BYTES) if cached else None
        self._lock = Lock()
        self._version = 0

    @contextmanager
    def up_to_date(self) -> Generator[None]:
        """Apply all changes that are due, and block requests of other threads meanwhile."""
        with self._lock:
            if self._changing is not None and self._changing.catch_up():
                self._version += 1
            yield

    def answer(self, operation: str, call: HandlerRequest, fault: Fault | None) -> Answer | UnfinishedAnswer:
        """Return the answer to a request, which may be an error.

        Args:
            operation: The ``operationId``.
            call: The request.
            fault: The fault to apply; ``None`` for none.
        """
        with self.up_to_date():
            return self._answer(operation, call, fault)

    def _answer(self, operation: str, call: HandlerRequest, fault: Fault | None) -> Answer | UnfinishedAnswer:
        if fault is not None and fault.kind == "html":
            return Answer(EncodedAnswer(HTML_PAGE, fault.status or HTTPStatus.OK, "text/html; charset=utf-8"))
        if fault is not None and fault.status is not None:
            retry_after = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after}"}
            return refusal(fault.status, "an injected fault", retry_after)
        if fault is not None and fault.location is not None:
            return Answer(EncodedAnswer(b"", HTTPStatus.FOUND), {"Location": fault.location})
        if fault is not None and fault.kind == "wrong_page" and "page" in call.query:
            query = MultiDict(call.query)
            query["page"] = "1"
            call = replace(call, query=query)
        endpoint = ENDPOINTS[operation]
        decision = LimitDecision()
        try:
            if endpoint.authenticated:
                call = replace(call, grant=self._access.grant_of(call.headers))
                decision = self._decide(endpoint, call)
                if decision.refusal is not None:
                    raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, decision.refusal)
                self._check_access(endpoint, call)
            if endpoint.method != hdrs.METH_GET and operation != _FORM:
                refuse_other_media_type(call.body, call.headers)
            return self._content(endpoint, call, fault, decision.headers)
        except RequestError as error:
            return refusal(error.status, error.message, decision.headers)

    def _decide(self, endpoint: Endpoint[object], call: HandlerRequest) -> LimitDecision:
        if self._counters is None:
            return LimitDecision()
        bearer = call.headers.get(hdrs.AUTHORIZATION, "").partition(" ")[2]
        return self._counters.count(endpoint, call.headers.get("x-access-token") or bearer)

    def _check_access(self, endpoint: Endpoint[object], call: HandlerRequest) -> None:
        if not call.grant.allows(endpoint):
            raise RequestError(403, f"the token lacks the scope {endpoint.scope}")
        if "event_id" in call.path and not call.grant.sees(event_of(self._organization, call).id):
            raise RequestError(403, "the token may not see this event")

    def _content(
        self, endpoint: Endpoint[object], call: HandlerRequest, fault: Fault | None, headers: dict[str, str]
    ) -> Answer | UnfinishedAnswer:
        is_emptied = fault is not None and fault.kind == "empty_page"
        place = None if is_emptied else self._cached_at(endpoint, call)
        if place is not None and (found := place.find()) is not None:
            return Answer(found, headers)
        made = self._run(endpoint, call)

        def encoded(content: object) -> EncodedAnswer:
            reply = _reply(content, call.grant)
            return _encode(HandlerReply(_without_records(reply.content)) if is_emptied else reply)

        def kept(answer: EncodedAnswer) -> Answer:
            if place is not None:
                place.keep(answer)
            return Answer(answer, headers)

        def finish(given_up: Event, deferred: DeferredReply) -> Answer:
            try:
                answer = encoded(deferred.compute(given_up))
            except RequestError as error:
                return refusal(error.status, error.message, headers)
            with self._lock:
                return kept(answer)

        if isinstance(made, DeferredReply):
            return UnfinishedAnswer(partial(finish, deferred=made))
        return kept(encoded(made))

    def _cached_at(self, endpoint: Endpoint[object], call: HandlerRequest) -> CachedAnswer | None:
        """Return the place of an answer in a cache; ``None`` if it is not kept."""
        if not endpoint.idempotent or len(call.body) > _LONGEST_QUESTION:
            return None
        question = (
            call.grant,
            endpoint.operation_id,
            tuple(call.path.items()),
            tuple(call.query.items()),
            call.body,
        )
        if self._expiring is not None and endpoint.operation_id in _CACHED:
            return CachedAnswer(self._expiring, question)
        if not isinstance(endpoint.answer, Pages) or self._organization.record_order.is_random:
            return None
        return CachedAnswer(self._cache, (self._version, question))

    def _run(self, endpoint: Endpoint[object], call: HandlerRequest) -> object:
        if not endpoint.idempotent:
            self._version += 1
        made = OPERATIONS[endpoint.operation_id](self._organization, call)
        if isinstance(made, HandlerReply) and made.changes:
            self._version += 1
        return made


def _reply(content: object, grant: Grant) -> HandlerReply:
    """Return the reply of a handler, with personal data masked if the token asks for it."""
    reply = content if isinstance(content, HandlerReply) else HandlerReply(content)
    if grant.hides_personal_data and not isinstance(reply.content, bytes):
        return replace(reply, content=masked(reply.content))
    return reply


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    """Return an error answer with the body that the API sends."""
    return Answer(_encode(HandlerReply(error_body(status, message), status)), headers or {})


def _encode(reply: HandlerReply) -> EncodedAnswer:
    if reply.content is None:
        return EncodedAnswer(b"", reply.status)
    if isinstance(reply.content, bytes):
        return EncodedAnswer(reply.content, reply.status, reply.content_type)
    return EncodedAnswer(msgspec.json.encode(reply.content), reply.status)


def _without_records(content: object) -> object:
    if isinstance(content, dict):
        page = dict(cast("dict[str, object]", content))
        page["results" if "results" in page else "data"] = []
        return page
    return []
