"""Writes of sessions, contacts, sponsors and exhibitors: four families, alike but for names and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from sessionboard_async.core.endpoint import Endpoint, Method
from sessionboard_async.models.base import EventId
from sessionboard_async.models.bulk import BulkAnswer, BulkResult
from sessionboard_async.models.translation import RecordWithFields
from sessionboard_async.services._common.bulk import BulkValues, Operations, identified
from sessionboard_async.services._common.payloads import Extra
from sessionboard_async.services._common.readable import ReadableService

T = TypeVar("T", bound=RecordWithFields)
A = TypeVar("A")


class RecordWrites(msgspec.Struct, Generic[T], frozen=True):
    """The writes of one family, and the values that they take."""

    values: BulkValues
    create: Endpoint[T]
    update: Endpoint[T]
    delete: Endpoint[None]
    restore: Endpoint[T]
    bulk: Endpoint[BulkAnswer]


def record_writes(singular: str, record: type[T], *, create: type[Any], update: type[Any]) -> RecordWrites[T]:
    """Declare the writes of a family.

    Args:
        singular: Its name.
        record: The type of its records.
        create: The values that create one.
        update: The values that change one.
    """
    base = f"/v1/event/{{event_id}}/{singular}s"
    one = f"{base}/{{{singular}_id}}"

    def write(
        operation: str, method: Method, path: str, answer: type[A] | None, *, daily_quota: bool = False
    ) -> Endpoint[A]:
        return Endpoint(
            operation,
            method,
            path,
            answer,
            scope=f"write:{singular}s",
            limit=f"{singular}-writes",
            daily_quota=daily_quota,
        )

    return RecordWrites(
        values=BulkValues(create, update),
        create=write(f"create-{singular}", "POST", f"{base}/create", record, daily_quota=True),
        update=write(f"update-{singular}", "PUT", one, record),
        delete=write(f"delete-{singular}", "DELETE", one, None),
        restore=write(f"restore-{singular}", "POST", f"{one}/restore", record),
        bulk=write(f"bulk-{singular}s", "POST", f"{base}/bulk", BulkAnswer, daily_quota=True),
    )


class RecordService(ReadableService[T]):
    """What all four families can do."""

    WRITES: ClassVar[RecordWrites[Any]]

    async def delete(self, event_id: EventId | None, record: str | T | None) -> None:
        """Delete a record, so that it can be restored.

        Scope ``write:`` with the family's name; limit category of the family's writes; not sent again once it
        may have arrived.

        Args:
            event_id: The event.
            record: Its id, or the record itself.

        Raises:
            NotFoundError: If there is none with this id.
            ConflictError: If it is a session that still has subsessions.
            ValueError: If an id is empty, or the record has none.
            TypeError: If an id is ``None``.
        """
        await self._record(self.WRITES.delete, self._path(event_id, record))

    async def restore(self, event_id: EventId | None, record: str | T | None) -> T:
        """Bring a deleted record back.

        Scope ``write:`` with the family's name; limit category of the family's writes; not sent again once it
        may have arrived.

        Args:
            event_id: The event.
            record: Its id, or the record itself.

        Returns:
            The record as it is now.

        Raises:
            NotFoundError: If none was deleted under this id.
            ValueError: If an id is empty, or the record has none.
            TypeError: If an id is ``None``.
        """
        endpoint: Endpoint[T] = self.WRITES.restore
        return await self._record(endpoint, self._path(event_id, record))

    async def bulk(self, event_id: EventId | None, operations: Operations) -> BulkResult:
        """Create, change and delete any number of records, 100 in each request, one request after the other.

        Scope ``write:`` with the family's name; each request counts once in the limit category of the
        family's writes, and against the daily quota, though it is not documented whether as one
        write there or as many; none is sent again once it may have arrived.

        Args:
            event_id: The event.
            operations: ``Create``, ``Update`` and ``Delete`` values, also as an async iterator. Those of a
                list are all checked before anything is sent.

        Returns:
            What became of each operation, in the order given. Read ``failed``: that the API refused some of
            them is no error.

        Raises:
            BulkInterruptedError: If a batch failed after others had been answered; its ``result`` has the
                outcomes.
            SessionboardError: If the first batch failed.
            TypeError: If an operation has a value that is unknown, missing or of the wrong type.
            ValueError: If a time has no offset, or a value is masked.
        """
        return await self._bulk(self.WRITES.bulk, {"event_id": event_id}, operations, self.WRITES.values)

    async def _create(self, event_id: EventId | None, values: Mapping[str, Any], extra: Extra | None) -> T:
        endpoint: Endpoint[T] = self.WRITES.create
        return await self._write(endpoint, {"event_id": event_id}, self.WRITES.values.create, values, extra)

    async def _update(
        self,
        event_id: EventId | None,
        record: str | T | None,
        values: Mapping[str, Any],
        extra: Extra | None,
    ) -> T:
        endpoint: Endpoint[T] = self.WRITES.update
        values = identified(record, values)[1]
        return await self._write(
            endpoint, self._path(event_id, record), self.WRITES.values.update, values, extra
        )

    def _path(self, event_id: EventId | None, record: str | T | None) -> dict[str, EventId | None]:
        return {"event_id": event_id, self.ID_ARGUMENT: identified(record, {})[0]}
