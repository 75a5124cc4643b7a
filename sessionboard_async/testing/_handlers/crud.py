"""CRUD handlers of stored records: list, create, get, update, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessionboard_async.testing._data.dataset import DataOwner, EventData, Organization
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import refuse_unknown
from sessionboard_async.testing._data.store import RecordStore
from sessionboard_async.testing._writes.requests import (
    HandlerReply,
    HandlerRequest,
    Values,
    event_of,
    read_values,
)

_OWN = frozenset({"id", "event_id", "created_at"})


@dataclass(frozen=True)
class CrudHandlers:
    """The handlers of one kind of stored record.

    Attributes:
        name: The singular of the record, which names its store.
        id_name: The name of the id in the path.
        known: The properties of a body and their types.
        required: The properties that a new record needs, and that no update may clear.
        defaults: Initial values of properties that the body leaves out.
        fixed: Properties of a new record that no body changes.
        owner: Returns the owner of the records.
    """

    name: str
    id_name: str
    known: Values
    required: Sequence[str] = ()
    defaults: Mapping[str, object] = field(default_factory=dict[str, object])
    fixed: Mapping[str, object] = field(default_factory=dict[str, object])
    owner: Callable[[Organization, HandlerRequest], DataOwner] = event_of

    def store(self, organization: Organization, call: HandlerRequest) -> RecordStore:
        """Return the store of a request."""
        refuse_unknown(call.query, ())
        return self.owner(organization, call).store(self.name)

    def list(self, organization: Organization, call: HandlerRequest) -> object:
        """Return every record."""
        return self.store(organization, call).all()

    def create(self, organization: Organization, call: HandlerRequest) -> Record:
        """Create a record and return it."""
        store = self.store(organization, call)
        values = self.read(call.json(), required=self.required)
        owner = self.owner(organization, call)
        of_event = {"event_id": owner.id} if isinstance(owner, EventData) else {}
        return store.create({**of_event, **self.defaults, **values, **self.fixed})

    def get(self, organization: Organization, call: HandlerRequest) -> Record:
        """Return one record."""
        return self.store(organization, call).get(call.path[self.id_name])

    def update(self, organization: Organization, call: HandlerRequest) -> Record:
        """Update a record and return it."""
        store = self.store(organization, call)
        values = call.json()
        given = [name for name in self.required if name in values]
        return store.update(call.path[self.id_name], self.read(values, required=given))

    def delete(self, organization: Organization, call: HandlerRequest) -> HandlerReply:
        """Delete a record."""
        self.store(organization, call).delete(call.path[self.id_name])
        return HandlerReply()

    def read(self, values: Mapping[str, Any], *, required: Sequence[str]) -> Record:
        """Check a body, and leave out properties that only the server sets."""
        read_values(values, self.known, required=required)
        return {name: value for name, value in values.items() if name not in _OWN and name not in self.fixed}
