"""The operations of bulk writes, and their form in the API."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from sessionboard_async.models.translation import RecordWithFields
from sessionboard_async.services._common.payloads import Extra, identified, payload

Encoded: TypeAlias = dict[str, object]
"""An operation as it is sent."""


class Operation(msgspec.Struct, frozen=True):
    """An operation of a bulk write: ``Create``, ``Update`` or ``Delete``."""


class Create(Operation, frozen=True):
    """Create a record.

    Attributes:
        data: The values: the keywords of the service's ``create``.
        extra: More properties, under the API's names.
    """

    data: Mapping[str, object]
    extra: Extra | None = None

    def __repr__(self) -> str:
        # The values may be personal data.
        return "Create(...)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class Update(Operation, frozen=True):
    """Update a record.

    Attributes:
        id: The record, whose ``updated_at`` is sent back so that no change made meanwhile is overwritten; or
            its id.
        data: The values to change: the keywords of the service's ``update``.
        extra: More properties, under the API's names.
    """

    id: str | RecordWithFields
    data: Mapping[str, object]
    extra: Extra | None = None

    def __repr__(self) -> str:
        # The values may be personal data.
        return f"Update({self.id!r}, ...)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("id", self.id)]


class Delete(Operation, frozen=True):
    """Delete a record.

    Attributes:
        id: The record, or its id. Only the id is sent, so a change made since the record was read does not
            prevent the deletion.
    """

    id: str | RecordWithFields


Operations = Iterable[Operation] | AsyncIterable[Operation]


class BulkValues(NamedTuple):
    """The values of the operations of a service, as ``TypedDict`` classes."""

    create: type[Any]
    update: type[Any]


def encode_operation(index: int, operation: Operation, values: BulkValues, *, allow_masked: bool) -> Encoded:
    """Return an operation as it is sent, with its values validated.

    Args:
        index: Its position among all operations, for errors.
        operation: The operation.
        values: The values of creates and updates.
        allow_masked: Whether masks are allowed where the API masks personal data.

    Raises:
        TypeError: If it is no operation, a keyword is unknown or missing, or a value has the wrong type.
        ValueError: If a value is one that the API would refuse, or masked.
    """
    try:
        encoded = _encoded(operation, values, allow_masked=allow_masked)
        # Find values that JSON cannot hold here, before other operations are sent.
        msgspec.json.encode(encoded)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        message = f"operation {index}: {error}"
    else:
        return encoded
    raise kind(message)


def _encoded(operation: Operation, values: BulkValues, *, allow_masked: bool) -> Encoded:
    match operation:
        case Create(data, extra):
            body = payload(values.create, data, extra, allow_masked=allow_masked)
            return {"action": "create", "data": body}
        case Update(record, data, extra):
            id_, data = identified(record, data)
            body = payload(values.update, data, extra, allow_masked=allow_masked)
            return {"action": "update", "id": _checked_id(id_), "data": body}
        case Delete(record):
            return {"action": "delete", "id": _checked_id(identified(record, {})[0])}
        case _:
            raise TypeError(f"must be Create, Update or Delete, not {type(operation).__name__}")


def _checked_id(id_: object) -> str:
    if not isinstance(id_, str) or not id_:
        raise TypeError("the id must be a string that is not empty")
    return id_
