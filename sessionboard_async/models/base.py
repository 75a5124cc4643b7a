"""What all records have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeAlias

import msgspec

EventId: TypeAlias = int | str
"""An event's id: an integer in the API's document, a string on some servers."""

Timestamp: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment with its offset from UTC. A time without an offset does not pass: nobody could say when it is."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One object as the API sent it.

    Every field is optional, since the API leaves out, nulls or empties nearly any of them: ``None`` means
    "not there". Fields that the class does not know are ignored. Records never change, so they can be
    compared, shared, copied and pickled; ``repr()`` shows what names a record and nothing about a person,
    so that a record may stand in a log.
    """

    _shown: ClassVar[tuple[str, ...]] = ()
    """The fields that ``repr()`` shows where they are set."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        values = ((name, getattr(self, name)) for name in self._shown)
        return [(name, value) for name, value in values if value is not None]


class OpenRecord(Record, frozen=True, kw_only=True):
    """An object that the API's document leaves open: what is known of it has fields, all is in ``as_sent``.

    Attributes:
        as_sent: Everything that came, under the API's own names.
    """

    _array: ClassVar[str | None] = None
    """The field to which an answer belongs that is an array and no object."""

    as_sent: dict[str, Any] = {}
