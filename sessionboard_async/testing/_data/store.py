"""Records that can be made, changed, deleted and restored: the memory of the embedded server."""

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
        name: What one of them is called, for refusals: ``"room"``.
        clock: Dates what is written.
        key: What tells the ids of this store from those of all others.
        records: What is there from the start.
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
        """Return every record that is not deleted, in the order in which they were made."""
        return list(self._records.values())

    def find(self, id_: object) -> Record | None:
        """Return a record; ``None`` where there is none with this id, or none any more."""
        return self._records.get(id_) if isinstance(id_, str) else None

    def get(self, id_: str) -> Record:
        """Return a record.

        Raises:
            RequestError: With 404 where there is none.
        """
        record = self._records.get(id_)
        if record is None:
            raise RequestError(404, f"there is no such {self._name}")
        return record

    def find_any(self, id_: str) -> Record:
        """Return a record, deleted or not.

        Raises:
            RequestError: With 404 where there never was one.
        """
        return self._deleted[id_] if id_ in self._deleted else self.get(id_)

    def create(self, values: Mapping[str, object]) -> Record:
        """Make a record with a new id, dated now."""
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
        """Change a record, unless the values hold an ``updated_at`` that is not the record's.

        Raises:
            RequestError: With 404 where there is none, with 409 where it was changed meanwhile.
        """
        record = self.get(id_)
        refuse_stale(values, record.get("updated_at"), self._name)
        changed = {**record, **values, "updated_at": iso_timestamp(self._clock.read())}
        self._records[id_] = changed
        return changed

    def delete(self, id_: str) -> None:
        """Delete a record, so that it can be restored.

        Raises:
            RequestError: With 404 where there is none.
        """
        self._deleted[id_] = self.get(id_)
        del self._records[id_]

    def restore(self, id_: str) -> Record:
        """Bring a deleted record back.

        Raises:
            RequestError: With 404 where none was deleted under this id.
        """
        if id_ not in self._deleted:
            raise RequestError(404, f"there is no such {self._name}, or it is not deleted")
        self._records[id_] = self._deleted.pop(id_)
        return self.update(id_, {})


def refuse_stale(values: Mapping[str, object], updated_at: object, name: str) -> None:
    """Refuse a write whose ``updated_at`` is not that of the record; times are compared by the millisecond.

    Args:
        values: What is to be written; without an ``updated_at`` it is never stale.
        updated_at: The record's own, as it is shown.
        name: What the record is called.

    Raises:
        RequestError: With 409 where it is stale, with 400 where it is no time.
    """
    given = values.get("updated_at")
    if given is None:
        return
    if read_timestamp(given, "updated_at") != read_timestamp(updated_at, "updated_at"):
        raise RequestError(409, f"the {name} was modified since it was fetched")
