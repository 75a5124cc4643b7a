"""The base classes of all records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeAlias, TypeGuard

import msgspec
from msgspec.structs import fields, force_setattr

if TYPE_CHECKING:
    from sessionboard_async.models._reading.pydantic_schema import SchemaHandler

EventId: TypeAlias = int | str
"""The id of an event: an integer in the API's document, a string on some servers."""

Timestamp: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its offset from UTC; a time without an offset is refused as ambiguous."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An object that the API sent.

    Every field is optional, since the API omits, nulls or empties almost any of them; ``None`` means that
    there is no value. Fields that the class does not know are ignored. Records are immutable, so they can be
    compared, shared, copied and pickled. Two records are equal if they have the same class and values; the
    hash of one is that of its class and id. ``repr()`` shows ids, names and statuses but no personal data, so
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

    def __hash__(self) -> int:
        # Some fields hold lists and objects as the API sent them, which have no hash.
        key: object = getattr(self, "id", None)
        if key is None:
            values = (getattr(self, name) for name in self.__struct_fields__)
            key = tuple(value for value in values if isinstance(value, (str, int, float, datetime)))
        return hash((type(self), key))

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values under the API's names, as JSON can hold them.

        Times are texts (RFC 3339), tuples are lists, and fields without a value are left out.
        """
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return plain

    def to_json(self) -> str:
        """Return the record as one line of JSON, with the values of ``to_dict``."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the record with the values of a mapping under the API's names.

        Values are read as those of an answer: see ``from_json``. Times may be datetimes too.

        Args:
            values: The values, such as the result of ``to_dict``, of ``json.loads``, or a record of
                ``pager.raw()``.

        Raises:
            ValueError: If the values are not those of such a record.
            TypeError: If they are no mapping, or one of them cannot be JSON.
        """
        # Imported here, since most programs read answers only.
        from sessionboard_async.models._reading.records import encode_values

        return cls.from_json(encode_values(values))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the record that a JSON object holds, such as a line of an export.

        It is read as an answer of the API is: values of another type are converted where nothing is lost, and
        fields that cannot be read are ``None``; each is logged once. Fields that the class does not know are
        ignored. ``{}`` is a record without values.

        Args:
            text: The object, as text or as bytes in UTF-8.

        Raises:
            ValueError: If the text is no JSON object, has none of the fields of such a record, or has fields
                that cannot be read and no id.
            TypeError: If it is neither text nor bytes.
        """
        # Imported here, since most programs read answers only.
        from sessionboard_async.models._reading.records import read_record

        record, sent = read_record(text, cls)
        return record._with_sent(sent)

    def _with_sent(self, _sent: object) -> Self:
        """Return the record with what the object that it was read from holds beside its fields."""
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: SchemaHandler) -> Any:
        """Return the schema for a field of a pydantic model, and for the types of FastAPI's routes."""
        # pydantic is imported by those who use it.
        from sessionboard_async.models._reading.pydantic_schema import core_schema_of

        return core_schema_of(cls, cls.from_dict, handler)


class OpenRecord(Record, frozen=True, kw_only=True):
    """An object that the API's document does not fully describe: ``as_sent`` holds all of it.

    Attributes:
        as_sent: The whole object, under the API's names.
    """

    _array: ClassVar[str | None] = None
    """The field that takes an answer that is an array instead of an object."""

    as_sent: dict[str, Any] = {}

    def to_dict(self) -> dict[str, Any]:
        """Return ``as_sent``, with the values of the fields that differ, as plain values.

        Fields differ in a copy with other values, as ``msgspec.structs.replace`` makes it.
        """
        sent = type(self).from_dict(self.as_sent)
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self.as_sent))
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "as_sent" and value != getattr(sent, field.name):
                plain[field.encode_name] = _plain(value)
        return plain

    def to_json(self) -> str:
        """Return the record as one line of JSON, with the values of ``to_dict``."""
        return msgspec.json.encode(self.to_dict()).decode()

    def _with_sent(self, sent: object) -> Self:
        keep_as_sent(self, sent)
        return self


def keep_as_sent(record: object, sent: object) -> None:
    """Keep the sent values in an open record, and in the records inside it."""
    if not isinstance(record, OpenRecord) or not _is_object(sent):
        return
    force_setattr(record, "as_sent", sent)
    for field in fields(record):
        inner: object = getattr(record, field.name)
        for inner_record, inner_sent in _pairs(inner, sent.get(field.encode_name)):
            keep_as_sent(inner_record, inner_sent)


def _pairs(records: object, sent: object) -> Iterable[tuple[object, object]]:
    if not _is_tuple(records) or not _is_list(sent):
        return ((records, sent),)
    # Lenient decoding leaves out everything else from an array of records.
    return zip(records, filter(_is_object, sent), strict=False)


def _plain(value: object) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    return list(map(_plain, value)) if _is_tuple(value) else msgspec.to_builtins(value)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)
