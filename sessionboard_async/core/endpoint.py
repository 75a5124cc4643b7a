"""Operations of the API as data: one declaration each, with all that the engine needs to know."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

from sessionboard_async.errors import RequestContext

T = TypeVar("T")
Answer = TypeVar("Answer", covariant=True)

Method = Literal["GET", "POST", "PUT", "DELETE"]


class Pages(msgspec.Struct, Generic[Answer], frozen=True):
    """An answer with a list of records, which may have several pages.

    Attributes:
        record: The type of one record.
        size_parameter: The operation's name of the page size; ``None`` for an operation that is documented to
            return all records at once.
        in_body: Whether page number and page size are sent in the body instead of the query.
        identified: Whether records have a unique ``id``. Rows of a query have none and may be equal.
        dated: Whether records have the timestamps by which the operation filters and sorts, as keyset
            pagination requires.
    """

    record: type[Answer]
    size_parameter: str | None
    in_body: bool = False
    identified: bool = True
    dated: bool = False


def page_of(record: type[T], *, size_parameter: str = "pageSize", dated: bool = False) -> Pages[T]:
    """Declare an answer with numbered pages; most operations call the page size ``pageSize``."""
    return Pages(record, size_parameter, dated=dated)


def rows() -> Pages[dict[str, Any]]:
    """Declare an answer with rows as plain objects, whose page is requested in the body."""
    return Pages(dict[str, Any], "limit", in_body=True, identified=False)


def list_of(record: type[T]) -> Pages[T]:
    """Declare an answer with all records at once."""
    return Pages(record, None)


ENDPOINTS: dict[str, Endpoint[object]] = {}
"""The operations of the services that were used so far, by ``operationId``.

``sessionboard_async.services.load_services`` adds all others.
"""


class Endpoint(msgspec.Struct, Generic[Answer], frozen=True, eq=False):
    """One operation of the API.

    Attributes:
        operation_id: The ``operationId`` in the API's document.
        method: The HTTP method.
        path: The path template, with ``{snake_case}`` arguments.
        answer: The content of a successful answer: a record type, ``page_of(...)``, ``list_of(...)`` or
            ``rows()``; ``None`` if the answer is not decoded.
        idempotent: Whether it may be sent twice without harm. True for every GET, and for a POST that only
            searches or runs a query.
        scope: The scope that the token needs; ``None`` if none is known.
        limit: The rate-limit category that it counts against; ``None`` if none is documented.
        daily_quota: Whether it also counts against the daily quota of writes.
        authenticated: Whether the token is sent with it.
        may_be_empty: Whether a success may have no body, which is decoded as a record without values. The
            answer to a write always may.
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
