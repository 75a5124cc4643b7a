"""Writes to contacts, sponsors and exhibitors: create, update, delete, restore."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from sessionboard_async.testing._data.accounts import Accounts
from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import FieldValue, Record
from sessionboard_async.testing._data.people import People
from sessionboard_async.testing._data.query import is_uuid
from sessionboard_async.testing._data.registry import Group, Registry, StoredValues
from sessionboard_async.testing._writes.requests import Values, read_values

_PLAIN: Values = {"updated_at": str, "custom_fields": dict}


class RecordEditor(ABC):
    """Writes to the records of one kind in an event.

    Bodies have the API's form; unknown properties are not stored.

    Args:
        event: The event.
        registry: The records.
        group: The records of the event.
        joins: The groups that a created record joins.
    """

    module: ClassVar[str]
    """The module of these records in the definition of custom fields."""

    known: ClassVar[Values]
    """The properties of a body and their types."""

    def __init__(self, event: EventData, registry: Registry, group: Group, joins: tuple[Group, ...]) -> None:
        self._event = event
        self._registry = registry
        self._group = group
        self._joins = joins

    def create(self, values: Mapping[str, Any]) -> int:
        """Create a record and return its index.

        Raises:
            RequestError: With 400 if the values are wrong.
        """
        read_values(values, self.known)
        properties = self._read(values, None)
        return self._registry.create(StoredValues(properties, self._fields({}, values)), self._joins)

    def update(self, id_: str, values: Mapping[str, Any]) -> int:
        """Update a record and return its index; only the given values change.

        Raises:
            RequestError: With 404 if there is none, with 409 if the ``updated_at`` is stale, with 400
                if the values are wrong.
        """
        index = self._group.find(id_)
        read_values(values, self.known)
        self._registry.refuse_stale(index, values)
        before = self._registry.stored_values(index)
        properties = {**(before.values if before else {}), **self._read(values, index)}
        self._registry.update(index, StoredValues(properties, self._fields(self._held(index), values)))
        return index

    def delete(self, id_: str) -> None:
        """Delete a record; it can be restored.

        Raises:
            RequestError: With 404 if there is none.
        """
        self._registry.delete(self._group.find(id_))

    def restore(self, id_: str) -> int:
        """Restore a deleted record and return its index.

        Raises:
            RequestError: With 404 if none was deleted under this id.
        """
        index = self._group.deleted(id_)
        self._registry.restore(index)
        return index

    @abstractmethod
    def record(self, index: int) -> Record:
        """Return a record as the operations return it."""

    @abstractmethod
    def _read(self, values: Mapping[str, Any], index: int | None) -> Record:
        """Check a body and return the properties it sets; ``index`` is ``None`` for a new record."""

    @abstractmethod
    def _held(self, index: int) -> Mapping[str, FieldValue]:
        """Return the custom fields of a record."""

    def _fields(self, held: Mapping[str, FieldValue], values: Mapping[str, Any]) -> Mapping[str, FieldValue]:
        if "custom_fields" not in values:
            return held
        now = self._event.clock.read()
        return self._event.fields.merged_values(self.module, held, values["custom_fields"], now)


class ContactEditor(RecordEditor):
    """Writes to the contacts of one event; they belong to the organization and may be in other events too."""

    module = "contact"
    known: ClassVar[Values] = {
        **_PLAIN,
        **dict.fromkeys(("email", "first_name", "last_name", "company", "title", "phone"), str),
    }
    _shown_as: ClassVar[Mapping[str, str]] = {
        **{name: name for name in ("email", "first_name", "last_name", "title")},
        "company": "company_name",
        "phone": "phone_mobile",
    }

    def __init__(self, event: EventData) -> None:
        self._people: People = event.people
        joins = (event.people.everyone, event.contacts)
        super().__init__(event, event.people.registry, event.contacts, joins)

    def create(self, values: Mapping[str, Any]) -> int:
        """Create a contact of the event; its e-mail address must be unique in the event."""
        index = super().create(values)
        self._people.email_was_written(index)
        return index

    def update(self, id_: str, values: Mapping[str, Any]) -> int:
        """Update a contact; its e-mail address must be unique in the event."""
        index = super().update(id_, values)
        self._people.email_was_written(index)
        return index

    def restore(self, id_: str) -> int:
        """Restore a deleted contact; its e-mail address must still be unique in the event."""
        index = self._group.deleted(id_)
        self._refuse_taken(self._people.email(index), index)
        return super().restore(id_)

    def record(self, index: int) -> Record:
        """Return a contact as the operations of contacts return it."""
        return self._people.contact(index)

    def _read(self, values: Mapping[str, Any], index: int | None) -> Record:
        if index is None or "email" in values:
            read_values(values, self.known, required=("email",))
            self._refuse_taken(values["email"], index)
        properties: Record = {name: values[key] for key, name in self._shown_as.items() if key in values}
        if "first_name" in values or "last_name" in values:
            first, last = (None, None) if index is None else self._people.name(index)
            names = (values.get("first_name", first), values.get("last_name", last))
            properties["full_name"] = " ".join(str(name) for name in names if name)
        return properties

    def _held(self, index: int) -> Mapping[str, FieldValue]:
        return self._people.custom_fields(index)

    def _refuse_taken(self, email: str, index: int | None) -> None:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
            raise RequestError(400, "email must be an e-mail address")
        if any(other != index and other in self._group for other in self._people.with_email(email)):
            raise RequestError(400, "email belongs to another contact of the event")


class AccountEditor(RecordEditor):
    """Writes to the sponsors or the exhibitors of one event."""

    module = "account"
    known: ClassVar[Values] = {**_PLAIN, "name": str, "account_id": str}

    def __init__(self, event: EventData, accounts: Accounts) -> None:
        self._accounts = accounts
        super().__init__(event, accounts.registry, accounts.everyone, (accounts.everyone,))

    def record(self, index: int) -> Record:
        """Return a sponsor or exhibitor as the operations return it."""
        return self._accounts.account(index)

    def _read(self, values: Mapping[str, Any], index: int | None) -> Record:
        if index is not None:
            read_values(values, self.known, required=("name",) if "name" in values else ())
            return {"name": values["name"]} if "name" in values else {}
        name, account_id = values.get("name"), values.get("account_id")
        if not name and not account_id:
            raise RequestError(400, "name or account_id is required")
        if account_id and not is_uuid(account_id):
            raise RequestError(400, "account_id must be a UUID")
        return {"name": name or None, **({"account_id": account_id} if account_id else {})}

    def _held(self, index: int) -> Mapping[str, FieldValue]:
        return self._accounts.custom_fields(index)
