"""Writes of sessions, contacts, sponsors and exhibitors: four families that share their methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypedDict, TypeVar

import msgspec

from sessionboard_async.core.endpoint import Endpoint, Method
from sessionboard_async.models.base import Record
from sessionboard_async.models.bulk import BulkAnswer, BulkResult
from sessionboard_async.models.translation import RecordWithFields
from sessionboard_async.services._common.bulk.operations import BulkValues, Operations
from sessionboard_async.services._common.bulk.outcomes import BulkOutcomes
from sessionboard_async.services._common.crud import RetrieveService
from sessionboard_async.services._common.datetimes import Timestamp
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike, event_path
from sessionboard_async.services._common.payloads import Extra, Writable, payload, with_version

T = TypeVar("T", bound=RecordWithFields)
R = TypeVar("R", bound=Record | Id)
A = TypeVar("A")


class UpdatedAt(TypedDict, total=False):
    """The version that an update was made from.

    Attributes:
        updated_at: The record's ``updated_at`` as it was read. If the record was changed since, the API
            refuses the update with a ``ConflictError``.
    """

    updated_at: Writable[Timestamp]


class RecordWrites(msgspec.Struct, Generic[T], frozen=True):
    """The writes of one family, and the values that they take."""

    values: BulkValues
    create: Endpoint[T]
    update: Endpoint[T]
    delete: Endpoint[None]
    restore: Endpoint[T]
    bulk: Endpoint[BulkAnswer]


def record_writes(
    family: str,
    record: type[T],
    values: BulkValues,
    *,
    create: str,
    update: str,
    delete: str,
    restore: str,
    bulk: str,
) -> RecordWrites[T]:
    """Declare the writes of a family.

    Args:
        family: The family in the singular, as paths and scopes name it.
        record: The type of its records.
        values: The values that create and update a record.
        create: The ``operationId`` of the operation that creates a record. The ids that follow are those of
            the other operations.
        update: Updates a record.
        delete: Deletes a record.
        restore: Restores a deleted record.
        bulk: Carries out several writes.
    """
    base = f"/v1/event/{{event_id}}/{family}s"
    one = f"{base}/{{{family}_id}}"

    def write(
        operation: str, method: Method, path: str, answer: type[A] | None, *, daily_quota: bool = False
    ) -> Endpoint[A]:
        return Endpoint(
            operation,
            method,
            path,
            answer,
            scope=f"write:{family}s",
            limit=f"{family}-writes",
            daily_quota=daily_quota,
        )

    return RecordWrites(
        values=values,
        create=write(create, "POST", f"{base}/create", record, daily_quota=True),
        update=write(update, "PUT", one, record),
        delete=write(delete, "DELETE", one, None),
        restore=write(restore, "POST", f"{one}/restore", record),
        bulk=write(bulk, "POST", f"{base}/bulk", BulkAnswer, daily_quota=True),
    )


class RecordService(RetrieveService[T, R]):
    """Methods of the four families."""

    _WRITES: RecordWrites[T]

    async def delete(self, event_id: EventLike, record: R) -> None:
        """Delete a record; ``restore`` brings it back.

        Of a record, only the id is sent: a change made since it was read does not prevent the deletion. Only
        ``update`` is guarded by ``updated_at``.

        Scope ``write:`` with the family's name; rate-limit category of the family's writes; not retried when
        the outcome is unknown.

        Args:
            event_id: The event, or its id.
            record: The record, or its id.

        Raises:
            NotFoundError: If no record has this id.
            ConflictError: If it is a session that still has subsessions.
            ValueError: If an id is empty, or the record has none.
            TypeError: If an id is ``None``.
        """
        await self._record(self._WRITES.delete, self._path(event_id, record))

    async def restore(self, event_id: EventLike, record: R) -> T:
        """Restore a deleted record.

        Scope ``write:`` with the family's name; rate-limit category of the family's writes; not retried when
        the outcome is unknown.

        Args:
            event_id: The event, or its id.
            record: The record, or its id.

        Returns:
            The record after the restore.

        Raises:
            NotFoundError: If no deleted record has this id.
            ValueError: If an id is empty, or the record has none.
            TypeError: If an id is ``None``.
        """
        return await self._record(self._WRITES.restore, self._path(event_id, record))

    async def bulk(
        self,
        event_id: EventLike,
        operations: Operations,
        *,
        outcomes: BulkOutcomes | None = None,
        allow_masked: bool = False,
    ) -> BulkResult:
        """Create, update and delete any number of records, in sequential requests of up to 100 operations.

        Scope ``write:`` with the family's name; each request counts once in the rate-limit category of the
        family's writes, and against the daily quota (the API does not document whether as one write or as
        many); no request is retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            operations: ``Create``, ``Update`` and ``Delete`` values, in an iterable or async iterable. Those
                of a list are all checked before anything is sent.
            outcomes: Filled as batches are answered: pass a ``BulkOutcomes()`` to have the outcomes of a call
                that is cancelled or times out.
            allow_masked: Whether to write values that look like the API's masks, such as ``j***@a***.com``.

        Returns:
            The outcome of each operation, in the order given. Operations that the API refused raise nothing:
            read ``failures``.

        Raises:
            BulkInterruptedError: If a batch failed, or the iterator yielded an invalid operation or raised an
                error, after others had been answered; its ``result`` has the outcomes.
            SessionboardError: If the first batch failed.
            TypeError: If a keyword of an operation is unknown or missing, a value has the wrong type, or an
                id is ``None``.
            ValueError: If a time has no offset, a value is masked, an id is empty, or the outcomes are those
                of another call.
        """
        return await self._bulk(
            self._WRITES.bulk,
            event_path(event_id),
            operations,
            self._WRITES.values,
            outcomes,
            allow_masked=allow_masked,
        )

    async def _create(
        self,
        event_id: EventLike,
        values: Mapping[str, Any],
        extra: Extra | None,
        *,
        allow_masked: bool,
    ) -> T:
        body = payload(self._WRITES.values.create, values, extra, allow_masked=allow_masked)
        return await self._record(self._WRITES.create, event_path(event_id), body=body)

    async def _update(
        self,
        event_id: EventLike,
        record: R,
        values: Mapping[str, Any],
        extra: Extra | None,
        *,
        allow_masked: bool,
    ) -> T:
        path = self._path(event_id, record)
        values = with_version(record, values)
        body = payload(self._WRITES.values.update, values, extra, allow_masked=allow_masked)
        return await self._record(self._WRITES.update, path, body=body)
