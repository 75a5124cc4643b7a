"""An operation of the API as data: everything the engine must know about it stands in one declaration."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

from sessionboard_async.errors import RequestContext

T = TypeVar("T")
Answer = TypeVar("Answer", covariant=True)

Method = Literal["GET", "POST", "PUT", "DELETE"]


class Pages(msgspec.Struct, Generic[Answer], frozen=True):
    """An answer made of records, perhaps over several pages.

    Attributes:
        record: The type of one record.
        size_parameter: What the operation calls the page size; ``None`` for one that is documented to answer
            with all records at once.
        in_body: Whether page and page size go into the body and not into the query.
        identified: Whether an ``id`` tells records apart; rows of a query may well be equal.
        dated: Whether records carry the times by which the operation filters and sorts, so that they can be
            read by time.
    """

    record: type[Answer]
    size_parameter: str | None
    in_body: bool = False
    identified: bool = True
    dated: bool = False


def page_of(record: type[T], *, size_parameter: str = "pageSize", dated: bool = False) -> Pages[T]:
    """Declare an answer of numbered pages; most operations call the page size ``pageSize``."""
    return Pages(record, size_parameter, dated=dated)


def rows() -> Pages[dict[str, Any]]:
    """Declare an answer of rows, as plain objects, whose pages are asked for in the body."""
    return Pages(dict[str, Any], "limit", in_body=True, identified=False)


def list_of(record: type[T]) -> Pages[T]:
    """Declare an answer that holds all records at once."""
    return Pages(record, None)


ENDPOINTS: dict[str, Endpoint[object]] = {}
"""Every operation by its ``operationId``; filled as ``sessionboard_async.services`` is imported."""


class Endpoint(msgspec.Struct, Generic[Answer], frozen=True, eq=False):
    """One operation of the API.

    Attributes:
        operation_id: Its ``operationId`` in the API's document.
        method: The HTTP method.
        path: The path template, with ``{snake_case}`` arguments.
        answer: What a successful answer holds: a record type, or ``page_of`` or ``list_of`` one; ``None``
            where nothing in it matters, and it may as well be empty.
        idempotent: Whether it may be sent twice without harm. True for every GET, and for the POSTs that only
            search or run a query.
        scope: The scope that a token needs for it; ``None`` where none is known.
        limit: The category of the API's rate limits that it counts against; ``None`` where none applies.
        daily_quota: Whether it also counts against the daily quota of writes.
        authenticated: Whether the token goes with it.
        may_be_empty: Whether a success may come without a body, which is then a record with nothing in it.
            That of a write always may.
    """

    operation_id: str
    method: Method
    path: str
    answer: type[Answer] | Pages[Answer] | None
    idempotent: bool = False
    scope: str | None = None
    limit: str | None = None
    daily_quota: bool = False
    authenticated: bool = True
    may_be_empty: bool = False

    def __post_init__(self) -> None:
        if self.method == "GET":
            msgspec.structs.force_setattr(self, "idempotent", True)
        if self.operation_id in ENDPOINTS:
            raise ValueError(f"the operation {self.operation_id!r} is declared twice")
        ENDPOINTS[self.operation_id] = self

    @property
    def context(self) -> RequestContext:
        """The operation as errors name it."""
        return RequestContext(self.method, self.path, self.operation_id)
