"""Records by index: generated from the seed and overlaid with writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import FieldValue
from sessionboard_async.testing._data.metadata import DatedRow
from sessionboard_async.testing._data.query import Criteria
from sessionboard_async.testing._data.seeded import iso_timestamp
from sessionboard_async.testing._data.selections import Selections
from sessionboard_async.testing._data.store import refuse_stale


class StoredValues(NamedTuple):
    """All writes to one record: properties by the names that answers use, and custom fields."""

    values: Mapping[str, object]
    custom_fields: Mapping[str, FieldValue]


class Registry:
    """The contacts of the organization, or the sponsors or exhibitors of an event.

    A record that was never written to takes no memory here.

    Args:
        name: The singular, for error messages: ``"contact"``.
        count: Number of generated records; created records get the indexes after them.
        clock: Supplies the timestamps of writes.
        id_of: Returns the id of any index.
        row_of: Returns the sort keys of a generated record.
    """

    def __init__(
        self,
        name: str,
        count: int,
        clock: Clock,
        id_of: Callable[[int], str],
        row_of: Callable[[int], DatedRow],
    ) -> None:
        self.name = name
        self.count = count
        self._clock = clock
        self.id = id_of
        self._row_of = row_of
        self._total = count
        self._rows: dict[int, DatedRow] = {}
        self._values: dict[int, StoredValues] = {}
        self._deleted: set[int] = set()
        self._groups: list[Group] = []

    @property
    def total(self) -> int:
        """Number of records ever created, generated ones included; all indexes are below it."""
        return self._total

    def group(self, generated: range) -> Group:
        """Return a group of generated records that can be searched and that created records can join."""
        group = Group(self, generated)
        self._groups.append(group)
        return group

    def row(self, index: int) -> DatedRow:
        """Return the sort keys of a record."""
        return self._rows.get(index) or self._row_of(index)

    def stored_values(self, index: int) -> StoredValues | None:
        """Return all writes to a record; ``None`` if there were none."""
        return self._values.get(index)

    def is_modified(self, index: int) -> bool:
        """Return whether a record was created, changed, deleted or restored."""
        return index in self._rows or index in self._deleted

    def is_created(self, index: int) -> bool:
        """Return whether the record was created by a write, so that nothing about it is generated."""
        return index >= self.count

    def is_deleted(self, index: int) -> bool:
        """Return whether a record was deleted."""
        return index in self._deleted

    def index(self, id_: str) -> int:
        """Return the index of a record, deleted or not.

        Raises:
            KeyError: If there never was a record with this id.
        """
        return self._index_by_id[id_]

    def find(self, id_: str) -> int:
        """Return the index of a record.

        Raises:
            RequestError: With 404 if there is none with this id, or it was deleted.
        """
        index = self._index_by_id.get(id_)
        if index is None or index in self._deleted:
            raise RequestError(404, f"there is no such {self.name}")
        return index

    def create(self, values: StoredValues, groups: Iterable[Group]) -> int:
        """Create a record in some groups, and return its index."""
        index, now = self._total, self._clock.read()
        self._total += 1
        self._index_by_id[self.id(index)] = index
        self._values[index] = values
        for group in groups:
            group.join(index)
        self._put(None, DatedRow(index, now, now))
        return index

    def refuse_stale(self, index: int, values: Mapping[str, object]) -> None:
        """Refuse a write with an ``updated_at`` that is not the record's.

        Raises:
            RequestError: With 409.
        """
        refuse_stale(values, iso_timestamp(self.row(index).updated), self.name)

    def update(self, index: int, values: StoredValues) -> None:
        """Replace all stored writes of a record."""
        self._values[index] = values
        row = self.row(index)
        self._put(row, row._replace(updated=self._clock.read()))

    def delete(self, index: int) -> None:
        """Delete a record; it can be restored."""
        row = self.row(index)
        self._deleted.add(index)
        self._put(row, None)

    def deleted(self, id_: str) -> int:
        """Return the index of a deleted record.

        Raises:
            RequestError: With 404 if none was deleted under this id.
        """
        index = self._index_by_id.get(id_)
        if index is None or index not in self._deleted:
            raise RequestError(404, f"there is no such {self.name}, or it is not deleted")
        return index

    def restore(self, index: int) -> None:
        """Restore a deleted record."""
        self._deleted.discard(index)
        self._put(None, self.row(index)._replace(updated=self._clock.read()))

    @cached_property
    def _index_by_id(self) -> dict[str, int]:
        return {self.id(index): index for index in range(self.count)}

    def _put(self, old: DatedRow | None, new: DatedRow | None) -> None:
        index = (new or old or DatedRow(-1, 0, 0)).ordinal
        if new is not None:
            self._rows[index] = new
        for group in self._groups:
            if index in group:
                group.change(old, new)


class Group:
    """Records of a registry that belong together, such as the contacts of one event."""

    def __init__(self, registry: Registry, generated: range) -> None:
        self.registry = registry
        self._generated = generated
        self._joined: dict[int, None] = {}
        self._selections = Selections(self.rows)

    def __contains__(self, index: int) -> bool:
        return index in self._generated or index in self._joined

    def __iter__(self) -> Iterator[int]:
        """Iterate over the indexes of records that are not deleted."""
        for indexes in (self._generated, self._joined):
            yield from (index for index in indexes if not self.registry.is_deleted(index))

    def holds(self, index: int) -> bool:
        """Return whether an index belongs to a record of the group that is not deleted."""
        return index in self and not self.registry.is_deleted(index)

    def rows(self) -> list[DatedRow]:
        """Return the sort keys of the records that are not deleted, by index."""
        return [self.registry.row(index) for index in self]

    def select(self, criteria: Criteria) -> Sequence[DatedRow]:
        """Return the records that meet the criteria, in order; valid until the next change."""
        return self._selections.find(criteria)

    def find(self, id_: str) -> int:
        """Return the index of a record of the group.

        Raises:
            RequestError: With 404 if there is none with this id, or it was deleted.
        """
        index = self.registry.find(id_)
        if index not in self:
            raise RequestError(404, f"there is no such {self.registry.name}")
        return index

    def deleted(self, id_: str) -> int:
        """Return the index of a deleted record of the group.

        Raises:
            RequestError: With 404 if none was deleted under this id.
        """
        index = self.registry.deleted(id_)
        if index not in self:
            raise RequestError(404, f"there is no such {self.registry.name}, or it is not deleted")
        return index

    def join(self, index: int) -> None:
        """Add a created record."""
        self._joined[index] = None

    def change(self, old: DatedRow | None, new: DatedRow | None) -> None:
        """Move, add or remove one record in the cached selections; ``None`` stands for no record."""
        self._selections.change(old, new)
