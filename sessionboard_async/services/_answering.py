"""Calls that return facts about their answer beside their result."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, NoReturn, ParamSpec, TypeVar, overload

from sessionboard_async._answered import Answered, ResponseInfo
from sessionboard_async._suggestions import did_you_mean
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.request import Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.services._common.service import Service

P = ParamSpec("P")
S = TypeVar("S", bound=Service)
T = TypeVar("T")


class AnsweringEngine(Engine):
    """An engine for one call, which notes the answer.

    Args:
        engine: The engine that sends.
    """

    def __init__(self, engine: Engine) -> None:
        vars(self).update(vars(engine))
        self._engine = engine
        self._info: ResponseInfo | None = None

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
        """Send a request as ``Engine.send`` does, and note its answer."""
        self._info = None
        if decode is None:
            answer = await self._engine.send(request)
            self._info = self.info(request, answer)
            return answer

        def decode_noted(response: Response) -> T:
            # A request that others joined is decoded again, from what is kept of the answer.
            if self._info is None or response.attempts:
                self._info = self.info(request, response)
            return decode(response)

        return await self._engine.send(request, decode_noted, answered=answered)

    def result(self, record: T) -> Answered[T]:
        """Return the result of the call, with facts about its last answer."""
        info = self._info or ResponseInfo()
        return Answered(
            record=record,
            status=info.status,
            headers=info.headers,
            request_id=info.request_id,
            attempts=info.attempts,
            seconds=info.seconds,
        )


class AnsweringService:
    """A service whose calls return an ``Answered``.

    Args:
        engine: Sends requests.
    """

    _kind: ClassVar[type[Service]]

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine = engine

    def __repr__(self) -> str:
        return f"<{self._kind.__name__} service, with responses>"

    if not TYPE_CHECKING:
        # Hidden from type checkers, for which a class with this method has every attribute.
        def __getattr__(self, name: str) -> NoReturn:
            if hasattr(self._kind, name):
                raise AttributeError(
                    f"{name} returns a pager: call it without with_response; its pages have page.response"
                )
            # Python itself suggests the attributes that are there.
            pagers = [verb for verb in dir(self._kind) if verb[0] != "_" and not hasattr(type(self), verb)]
            question = did_you_mean([name], pagers)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{question}")


class Answering(Generic[P, T]):
    """A method of a service, as an attribute of an ``AnsweringService``.

    Args:
        method: The method, taken from the class of the service.
    """

    def __init__(self, method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]]) -> None:
        self._method: Callable[..., Coroutine[Any, Any, T]] = method

    @overload
    def __get__(self, service: None, owner: type[AnsweringService]) -> Answering[P, T]: ...

    @overload
    def __get__(
        self, service: AnsweringService, owner: type[AnsweringService]
    ) -> Callable[P, Coroutine[Any, Any, Answered[T]]]: ...

    def __get__(
        self, service: AnsweringService | None, owner: type[AnsweringService]
    ) -> Answering[P, T] | Callable[P, Coroutine[Any, Any, Answered[T]]]:
        if service is None:
            return self
        method = self._method
        kind, engine = service._kind, service._engine  # pyright: ignore[reportPrivateUsage]  # of this module

        # Bound, so that help() and signatures begin with the arguments, after ``self``.
        @wraps(method.__get__(service))
        async def call(*args: P.args, **kwargs: P.kwargs) -> Answered[T]:
            answering = AnsweringEngine(engine)
            return answering.result(await method(kind(answering), *args, **kwargs))

        vars(call).pop("__signature__", None)
        return call
