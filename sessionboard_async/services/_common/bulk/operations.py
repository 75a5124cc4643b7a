"""The operations of bulk writes, and their form in the API."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from sessionboard_async.models.base import Record
from sessionboard_async.services._common.ids.arguments import Id, Kinds, id_of
from sessionboard_async.services._common.payloads import Extra, payload, with_version

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

    id: Id | Record
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

    id: Id | Record


Operations = Iterable[Operation] | AsyncIterable[Operation]
"""The operations of a bulk write: ``Create``, ``Update`` and ``Delete`` values, also from an async
iterator."""


class BulkValues(NamedTuple):
    """The operations of a service.

    Attributes:
        create: The values of a create, as a ``TypedDict``.
        update: The values of an update, as a ``TypedDict``.
        records: The types of the records that an update or a delete is about.
    """

    create: type[Any]
    update: type[Any]
    records: Kinds


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
            id_ = _id_in_body(record, values.records)
            body = payload(values.update, with_version(record, data), extra, allow_masked=allow_masked)
            return {"action": "update", "id": id_, "data": body}
        case Delete(record):
            return {"action": "delete", "id": _id_in_body(record, values.records)}
        case _:
            raise TypeError(f"must be Create, Update or Delete, not {type(operation).__name__}")


def _id_in_body(record: Id | Record, kinds: Kinds) -> str:
    id_: object = id_of("id", record, kinds)
    if isinstance(id_, bool) or not isinstance(id_, (str, int)):
        raise TypeError("the id must be a record, a UUID, a string or an integer")
    if isinstance(id_, str) and not id_.strip():
        raise ValueError("the id must not be empty")
    return str(id_)
