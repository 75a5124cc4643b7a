"""How to read the id of a record, and a time of it, in each of the three forms that a stream delivers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, cast, overload

import msgspec

from sessionboard_async.core.timestamps import to_milliseconds

IdOf = Callable[[Any], object]
MomentOf = Callable[[Any], "datetime | None"]

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Identified(msgspec.Struct, gc=False):
    id: str | int | None = None


_identified = msgspec.json.Decoder(_Identified)


def id_getter(record: type[Any]) -> IdOf:
    """Return what reads the id of a record; ``None`` where it has none."""
    if record is msgspec.Raw:
        return _id_of_json
    if _is_dict(record):
        return _id_of_dict
    return attrgetter("id")


def no_id(record: object) -> None:
    """Read no id: the records have none that tells them apart."""


def id_text(id_: object) -> str:
    """Return an id as text, which is the same in each form of a record; empty where it is none."""
    return id_ if type(id_) is str else str(id_) if type(id_) is int else ""


def id_texts(ids: Sequence[object]) -> Sequence[str]:
    """Return many ids as texts."""
    if {*map(type, ids)} == {str}:
        return cast("Sequence[str]", ids)
    return [*map(id_text, ids)]


def moment_reader(record: type[Any], attribute: str) -> MomentOf:
    """Return what reads a time of a record, such as ``created_at``; without an offset it is ``None``."""
    if record is msgspec.Raw:
        kind = msgspec.defstruct("_Dated", [(attribute, str | None, None)], gc=False)
        decoder = msgspec.json.Decoder(kind)

        def of_json(record: msgspec.Raw) -> datetime | None:
            try:
                return _moment(getattr(decoder.decode(record), attribute))
            except _UNREADABLE:
                return None

        return of_json
    if _is_dict(record):
        return lambda record: _moment(record.get(attribute))
    return attrgetter(attribute)


class Milliseconds(Sequence[int]):
    """Moments as whole milliseconds since 1970, each made of its datetime when it is asked for."""

    def __init__(self, moments: Sequence[datetime]) -> None:
        self._moments = moments

    def __len__(self) -> int:
        return len(self._moments)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        if isinstance(index, slice):
            return Milliseconds(self._moments[index])
        return to_milliseconds(self._moments[index])


def _is_dict(record: type[Any]) -> bool:
    return issubclass(getattr(record, "__origin__", record), dict)


def _id_of_json(record: msgspec.Raw) -> str | int | None:
    try:
        return _identified.decode(record).id
    except _UNREADABLE:
        return None


def _id_of_dict(record: dict[str, Any]) -> object:
    return record.get("id")


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo is None else moment
