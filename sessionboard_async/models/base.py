"""The base classes of all records."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeAlias

import msgspec

EventId: TypeAlias = int | str
"""The id of an event: an integer in the API's document, a string on some servers."""

Timestamp: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its offset from UTC; a time without an offset is refused as ambiguous."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An object that the API sent.

    Every field is optional, since the API omits, nulls or empties almost any of them; ``None`` means that
    there is no value. Fields that the class does not know are ignored. Records are immutable, so they can be
    compared, shared, copied and pickled. ``repr()`` shows ids, names and statuses but no personal data, so
    that records can be logged.
    """

    _shown: ClassVar[tuple[str, ...]] = ()
    """The fields that ``repr()`` shows if they are set."""
    _short_form: ClassVar[str | None] = None
    """The field that holds a bare text sent instead of the object, such as the name of a track."""
    _keeps_places: ClassVar[bool] = False
    """Whether an element of an array that cannot be read leaves an empty record in its place."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        values = ((name, getattr(self, name)) for name in self._shown)
        return [(name, value) for name, value in values if value is not None]


class OpenRecord(Record, frozen=True, kw_only=True):
    """An object that the API's document does not fully describe: ``as_sent`` holds all of it.

    Attributes:
        as_sent: The whole object, under the API's names.
    """

    _array: ClassVar[str | None] = None
    """The field that takes an answer that is an array instead of an object."""

    as_sent: dict[str, Any] = {}
