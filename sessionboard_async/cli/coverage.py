"""The operations of the API that the package covers, with the methods that call them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.services import load_services
from sessionboard_async.services._common.service import Service


class CoveredOperation(msgspec.Struct, frozen=True):
    """One operation of the API, and the method that calls it.

    Attributes:
        operation: The ``operationId`` in the API's document.
        method: The HTTP method.
        path: The path template.
        calls: The service and the method, such as ``sessions.search``.
        scope: The scope that a token needs; ``None`` if it is not known.
        limit: The rate-limit category; ``None`` if no limit is known.
    """

    operation: str
    method: str
    path: str
    calls: str
    scope: str | None
    limit: str | None


def covered_operations() -> list[CoveredOperation]:
    """Return every operation that a method of a service calls, service by service."""
    return [
        CoveredOperation(
            operation=endpoint.operation_id,
            method=endpoint.method,
            path=endpoint.path,
            calls=f"{name}.{verb}",
            scope=endpoint.scope,
            limit=endpoint.limit,
        )
        for name, kind in load_services().items()
        for verb, endpoint in endpoints_of(kind)
    ]


def endpoints_of(kind: type[Service]) -> Iterator[tuple[str, Endpoint[object]]]:
    """Yield the operations that are declared on a service, each with the method of the same name."""
    for base in reversed(kind.__mro__):
        for name, value in vars(base).items():
            yield from _declared(kind, name.removeprefix("_").lower(), value)


def _declared(kind: type[Service], name: str, value: object) -> Iterator[tuple[str, Endpoint[object]]]:
    if isinstance(value, Endpoint):
        yield name, value
    elif isinstance(value, msgspec.Struct):
        # A family's operations have the names of methods; a pair of them, for event and organization, the
        # name of the one method that chooses.
        for part in value.__struct_fields__:
            known = part if callable(getattr(kind, part, None)) else name
            yield from _declared(kind, known, getattr(value, part))
