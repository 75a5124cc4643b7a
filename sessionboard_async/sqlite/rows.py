"""Convert records to table rows. Any value may be missing, null, empty or of an unexpected type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple, cast

from sessionboard_async.sqlite.columns import PERSON, ROLE, ColumnSource, FieldPath
from sessionboard_async.sqlite.schema import ArrayTable
from sessionboard_async.sqlite.values import Value, convert

Row = dict[str, Value]
Object = Mapping[str, Any]

_ARRAYS_OF_PEOPLE = {
    "participants": None,
    "speakers": "speaker",
    "chairpersons": "chairperson",
    "moderators": "moderator",
}
"""The arrays of people on a session, and the role that each stands for."""


def values(sources: Iterable[ColumnSource], record: Object, zone: tzinfo | None = None) -> Row:
    """Return the values of columns; a value of an unexpected type is stored as JSON.

    Args:
        sources: The columns.
        record: The record, or an entry of an array in it.
        zone: The time zone of the event, for columns with local times; ``None`` if it is not known.
    """
    return {
        source.column: convert(_first_value(record, source.paths), source.kind, zone) for source in sources
    }


def array_rows(array: ArrayTable, id_: str, record: Object) -> list[Row]:
    """Return a row for each object in an array of a record."""
    return [
        {array.owner: id_, "position": position, **values(array.sources, entry)}
        for position, entry in enumerate(_objects(record.get(array.name)))
    ]


class _Appearance(NamedTuple):
    """An entry for a person in one of the arrays of a session."""

    array: str
    entry: Object


def people_rows(session_id: str, record: Object) -> tuple[list[Row], list[Row]]:
    """Return one row per person on a session, and one row per role of a person.

    ``participants`` holds all roles of the people in it; the roles of others come from the older arrays. The
    position of a person is the first ``order`` in any of the arrays. A person who is hidden in one array is
    hidden. A person without an id gets one made of the id of the session.
    """
    found: dict[str, list[_Appearance]] = {}
    for array in _ARRAYS_OF_PEOPLE:
        for number, entry in enumerate(_objects(record.get(array))):
            id_ = convert(entry.get("id"), "text") or f"{session_id}/{array}/{number}"
            found.setdefault(str(id_), []).append(_Appearance(array, entry))
    people: list[Row] = [
        {"id": id_, **values(PERSON, appearances[0].entry)} for id_, appearances in found.items()
    ]
    roles: list[Row] = []
    for id_, appearances in sorted(found.items(), key=lambda item: _position(item[1])):
        is_public = _is_public(appearances)
        roles += [{"person_id": id_, "is_public": is_public, **role} for role in _roles(appearances)]
    return people, [
        {"session_id": session_id, "position": position, **role} for position, role in enumerate(roles)
    ]


def _roles(appearances: list[_Appearance]) -> Iterable[Row]:
    if appearances[0].array == "participants":
        appearances = [one for one in appearances if one.array == "participants"]
    roles: dict[Value, Row] = {}
    for array, entry in appearances:
        role = values(ROLE, entry)
        name = role["role_slug"] or role["role"] or role["core_role"]
        if name is None:
            name = role["role"] = role["role_slug"] = role["core_role"] = _ARRAYS_OF_PEOPLE[array]
        roles.setdefault(name, role)
    return roles.values()


def _position(appearances: list[_Appearance]) -> float:
    orders = (one.entry.get("order") for one in appearances)
    return next((order for order in orders if isinstance(order, int | float)), float("inf"))


def _is_public(appearances: list[_Appearance]) -> int | None:
    flags = [one.entry.get("is_public") for one in appearances]
    known = [flag for flag in flags if isinstance(flag, bool)]
    return int(all(known)) if known else None


def _objects(array: object) -> list[Object]:
    if not isinstance(array, list | tuple):
        return []
    entries = cast("Iterable[object]", array)
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _first_value(record: Object, paths: tuple[FieldPath, ...]) -> object:
    for path in paths:
        value: object = record
        for step in path:
            value = _inside(value, step)
        # The API sends ``{}`` for a value that is not assigned.
        if value is not None and value != {}:
            return value
    return None


def _inside(value: object, name: str) -> object:
    return cast("Object", value).get(name) if isinstance(value, Mapping) else None
