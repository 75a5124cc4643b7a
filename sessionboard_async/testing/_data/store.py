"""The memory of the embedded server: records that can be created, updated, deleted and restored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import read_timestamp
from sessionboard_async.testing._data.seeded import iso_timestamp, uuid_for


class RecordStore:
    """The records of one kind.

    Args:
        name: The singular, for error messages: ``"room"``.
        clock: Supplies the timestamps of writes.
        key: Key that makes the ids unique.
        records: The initial records.
    """

    def __init__(self, name: str, clock: Clock, *key: object, records: Iterable[Record] = ()) -> None:
        self._name = name
        self._clock = clock
        self._key = key
        self._records = {str(record["id"]): record for record in records}
        self._deleted: dict[str, Record] = {}
        self._made = 0

    def __len__(self) -> int:
        return len(self._records)

    def all(self) -> list[Record]:
        """Return every record that is not deleted, in order of creation."""
        return list(self._records.values())

    def find(self, id_: object) -> Record | None:
        """Return a record; ``None`` if it does not exist or was deleted."""
        return self._records.get(id_) if isinstance(id_, str) else None

    def get(self, id_: str) -> Record:
        """Return a record.

        Raises:
            RequestError: With 404 if there is none.
        """
        record = self._records.get(id_)
        if record is None:
            raise RequestError(404, f"there is no such {self._name}")
        return record

    def find_any(self, id_: str) -> Record:
        """Return a record, deleted or not.

        Raises:
            RequestError: With 404 if it never existed.
        """
        return self._deleted[id_] if id_ in self._deleted else self.get(id_)

    def create(self, values: Mapping[str, object]) -> Record:
        """Create a record with a new id, dated now."""
        self._made += 1
        now = iso_timestamp(self._clock.read())
        record: Record = {
            "id": uuid_for(*self._key, "made", self._made),
            **values,
            "created_at": now,
            "updated_at": now,
        }
        self._records[str(record["id"])] = record
        return record

    def update(self, id_: str, values: Mapping[str, object]) -> Record:
        """Update a record, unless ``updated_at`` is given and stale.

        Raises:
            RequestError: With 404 if there is none, with 409 if it was changed meanwhile.
        """
        record = self.get(id_)
        refuse_stale(values, record.get("updated_at"), self._name)
        changed = {**record, **values, "updated_at": iso_timestamp(self._clock.read())}
        self._records[id_] = changed
        return changed

    def delete(self, id_: str) -> None:
        """Delete a record; it can be restored.

        Raises:
            RequestError: With 404 if there is none.
        """
        self._deleted[id_] = self.get(id_)
        del self._records[id_]

    def restore(self, id_: str) -> Record:
        """Restore a deleted record.

        Raises:
            RequestError: With 404 if none was deleted under this id.
        """
        if id_ not in self._deleted:
            raise RequestError(404, f"there is no such {self._name}, or it is not deleted")
        self._records[id_] = self._deleted.pop(id_)
        return self.update(id_, {})


def refuse_stale(values: Mapping[str, object], updated_at: object, name: str) -> None:
    """Refuse a write whose ``updated_at`` is not that of the record, compared in milliseconds.

    Args:
        values: The values of the write; without ``updated_at`` it is never stale.
        updated_at: The ``updated_at`` of the record.
        name: The singular of the record, for the error message.

    Raises:
        RequestError: With 409 if it is stale, with 400 if it is no time.
    """
    given = values.get("updated_at")
    if given is None:
        return
    if read_timestamp(given, "updated_at") != read_timestamp(updated_at, "updated_at"):
        raise RequestError(409, f"the {name} was modified since it was fetched")
