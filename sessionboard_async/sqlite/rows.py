"""What stands in the rows of a record. Anything may be missing, null, empty or of another type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec

from sessionboard_async.core.timestamps import format_utc
from sessionboard_async.sqlite.schema import PERSON, ROLE, ArrayTable, ColumnSource, Kind, Path

Value = str | int | float | None
Row = dict[str, Value]
Object = Mapping[str, Any]

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

_ARRAYS_OF_PEOPLE = {
    "participants": None,
    "speakers": "speaker",
    "chairpersons": "chairperson",
    "moderators": "moderator",
}
"""The arrays of people on a session, with the role that each stands for."""


def json_text(value: object) -> str:
    """Return a value as JSON."""
    return msgspec.json.encode(value).decode()


def utc_text(value: object) -> str | None:
    """Return a time in UTC and always of one length, so that later means greater; ``None`` if it is none."""
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
        if parsed is None or parsed.utcoffset() is None:
            return None
        return format_utc(parsed, "microseconds")
    except (ValueError, OverflowError):
        return None


def values(places: Iterable[ColumnSource], record: Object) -> Row:
    """Return the values of columns. What does not fit a column goes in as JSON."""
    return {place.column: _fit(_found(record, place.paths), place.kind) for place in places}


def part_rows(part: ArrayTable, id_: str, record: Object) -> list[Row]:
    """Return a row for each object in an array of a record."""
    return [
        {part.owner: id_, "position": position, **values(part.places, entry)}
        for position, entry in enumerate(_objects(record.get(part.array)))
    ]


class _Appearance(NamedTuple):
    """A person in one of the arrays of a session."""

    array: str
    entry: Object


def people_rows(session_id: str, record: Object) -> tuple[list[Row], list[Row]]:
    """Return everybody on a session once, and a row for each role that somebody has there.

    ``participants`` tells all roles of those who are in it; of others, the older arrays do. A person's place
    is the first ``order`` that any of the arrays gives, and whoever is hidden in one of them is hidden. Those
    whom the API sends without an id get one that is made of the session's.
    """
    found: dict[str, list[_Appearance]] = {}
    for array in _ARRAYS_OF_PEOPLE:
        for number, entry in enumerate(_objects(record.get(array))):
            id_ = _fit(entry.get("id"), "text") or f"{session_id}/{array}/{number}"
            found.setdefault(str(id_), []).append(_Appearance(array, entry))
    people: list[Row] = [
        {"id": id_, **values(PERSON, appearances[0].entry)} for id_, appearances in found.items()
    ]
    roles: list[Row] = []
    for id_, appearances in sorted(found.items(), key=lambda item: _place(item[1])):
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
        told = role["role_slug"] or role["role"] or role["core_role"]
        if told is None:
            told = role["role"] = role["role_slug"] = role["core_role"] = _ARRAYS_OF_PEOPLE[array]
        roles.setdefault(told, role)
    return roles.values()


def _place(appearances: list[_Appearance]) -> float:
    orders = (one.entry.get("order") for one in appearances)
    return next((order for order in orders if isinstance(order, int | float)), float("inf"))


def _is_public(appearances: list[_Appearance]) -> int | None:
    shown = [one.entry.get("is_public") for one in appearances]
    told = [value for value in shown if isinstance(value, bool)]
    return int(all(told)) if told else None


def _objects(array: object) -> list[Object]:
    if not isinstance(array, list | tuple):
        return []
    entries = cast("Iterable[object]", array)
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _found(record: Object, paths: tuple[Path, ...]) -> object:
    for path in paths:
        value: object = record
        for step in path:
            value = _inside(value, step)
        # ``{}`` stands for what is not assigned.
        if value is not None and value != {}:
            return value
    return None


def _inside(value: object, name: str) -> object:
    return cast("Object", value).get(name) if isinstance(value, Mapping) else None


def _fit(value: object, kind: Kind) -> Value:
    if value is None or isinstance(value, str):
        return (utc_text(value) or value) if kind == "time" else value
    if kind == "number" and isinstance(value, int | float) and _SMALLEST <= value <= _LARGEST:
        return value
    return json_text(value)
