"""Facts about an answer, beside what it holds: for results, pages and errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar, overload
from weakref import WeakKeyDictionary

import msgspec

T = TypeVar("T")


class ResponseInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about an answer.

    The ``repr`` shows no headers, and a pickle has none: they may hold a secret, such as a cookie. Two are
    equal if all attributes are, headers too. The hash is that of the attributes below without headers.

    Attributes:
        status: The HTTP status; 0 if nothing was sent.
        headers: The headers, with case-insensitive names; empty for an answer from the cache of the client.
        request_id: The id under which the API logged the request, if it sent one.
        attempts: How many attempts the call took; 0 for an answer from the cache.
        seconds: The seconds that the call took, with its retries and waits.
    """

    status: int = 0
    headers: Mapping[str, str] = {}
    request_id: str | None = None
    attempts: int = 0
    seconds: float = 0.0

    def __hash__(self) -> int:
        # Neither the headers nor every result of a call, such as the rows of a report, has a hash.
        return hash((type(self), self.status, self.request_id, self.attempts, self.seconds))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [
            ("status", self.status),
            ("request_id", self.request_id),
            ("attempts", self.attempts),
            ("seconds", round(self.seconds, 3)),
        ]

    def __reduce__(self) -> tuple[object, ...]:
        names = [name for name in self.__struct_fields__ if name != "headers"]
        return _made, (type(self), {name: getattr(self, name) for name in names})


class Answered(ResponseInfo, Generic[T], frozen=True, kw_only=True):
    """The result of a call of ``sb.with_response``, with facts about its answer.

    Of a call that sends several requests, such as ``bulk``, the facts are those of the last one.

    Attributes:
        record: The result of the call: for most, a record.
    """

    record: T

    def __rich_repr__(self) -> list[tuple[str, object]]:
        # The text of a file may be personal data. A record shows none.
        shown = self.record if isinstance(self.record, msgspec.Struct) else type(self.record)
        return [("record", shown), *super().__rich_repr__()]


def _made(kind: type[T], values: dict[str, object]) -> T:
    return kind(**values)


class ErrorResponse:
    """The answer of an error as its attribute ``response``.

    It is kept beside the error and not in it: a pickle, or a report of the error's variables, leaves it out.
    """

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Exception, ResponseInfo] = WeakKeyDictionary()

    @overload
    def __get__(self, error: None, owner: type[Exception]) -> ErrorResponse: ...

    @overload
    def __get__(self, error: Exception, owner: type[Exception]) -> ResponseInfo | None: ...

    def __get__(self, error: Exception | None, owner: type[Exception]) -> ErrorResponse | ResponseInfo | None:
        return self if error is None else self._kept.get(error)

    def __set__(self, error: Exception, response: ResponseInfo) -> None:
        self._kept[error] = response
