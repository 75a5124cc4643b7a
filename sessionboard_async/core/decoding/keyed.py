"""Decoding of records into the caller's own types, with the ids and timestamps that pagination needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import Raw

from sessionboard_async.core.decoding.caller_types import (
    IdType,
    KeyedType,
    TimestampType,
    keyed_type,
    sent_names,
)
from sessionboard_async.core.decoding.envelopes import KeyedRecord, StrictPages
from sessionboard_async.core.decoding.pages import PageDecoder
from sessionboard_async.core.decoding.records import (
    DECODE_ERRORS,
    RecordDecoder,
    decoder_of,
    raw_object,
    record_error,
)
from sessionboard_async.core.endpoint import Endpoint, Pages
from sessionboard_async.core.page import Page, UnreadableField
from sessionboard_async.models._reading.lenient import Mismatch, UndecodableError
from sessionboard_async.models._reading.text import first_invalid_byte

T = TypeVar("T")

_TYPES: Final = re.compile(r"Expected (`[^`]*`), got (`[^`]*`)")
_MISSING: Final = re.compile(r"Object missing required field (`[^`]*`)")
_PLACE: Final = re.compile(r"`(\$[^`]*)`")


class _Keys(msgspec.Struct, gc=False):
    id: IdType = None
    timestamp: None = None


class KeyedPages(Generic[T]):
    """Decodes pages whose records all fit a caller's type.

    Args:
        type_: The caller's type.
        keyed: A struct that holds the same fields, id and timestamp.
    """

    def __init__(self, type_: type[T], keyed: KeyedType) -> None:
        self._pages: StrictPages[Any] = StrictPages(keyed.type)
        self._records = cast("type[tuple[T, ...]]", tuple[type_, ...])  # type: ignore[valid-type]  # known at run time
        self._id_of: Callable[[Any], object] = attrgetter(keyed.id)
        self._timestamp_of: Callable[[Any], object] = (
            _nothing if keyed.timestamp is None else attrgetter(keyed.timestamp)
        )

    def decode(self, body: bytes) -> Page[KeyedRecord[T]] | None:
        """Decode a page; return ``None`` if anything in it is unusual."""
        page = self._pages.decode(body)
        if page is None:
            return None
        rows = page.results
        try:
            records = msgspec.convert(rows, self._records, from_attributes=True)
        except msgspec.ValidationError:
            return None
        keyed = map(KeyedRecord, map(self._id_of, rows), map(self._timestamp_of, rows), records)
        return Page(results=tuple(keyed), pagination=page.pagination)


class TwicePages(Generic[T]):
    """Decodes pages whose records all fit a caller's type: once for the records, once for their keys.

    Args:
        type_: The caller's type.
        keys: A struct of id and timestamp.
    """

    def __init__(self, type_: type[T], keys: type[_Keys]) -> None:
        self._records: StrictPages[T] = StrictPages(type_)
        self._keys: StrictPages[_Keys] = StrictPages(keys)

    def decode(self, body: bytes) -> Page[KeyedRecord[T]] | None:
        """Decode a page; return ``None`` if anything in it is unusual."""
        page = self._records.decode(body)
        keys = None if page is None else self._keys.decode(body)
        if page is None or keys is None:
            return None
        keyed = [
            KeyedRecord(key.id, key.timestamp, record)
            for key, record in zip(keys.results, page.results, strict=True)
        ]
        return Page(results=tuple(keyed), pagination=page.pagination)


class KeyedRowDecoder(Generic[T]):
    """Decodes single records into a caller's type, strictly.

    Args:
        type_: The caller's type.
        keys: A struct of id and timestamp.
        endpoint: The operation, for errors and logs.
        names: Names of the type's fields by those that the API sends, where they differ.
        is_strict: Whether any mismatch of id and timestamp is an error.

    Attributes:
        is_raw: Whether the records are the bytes of the response.
    """

    def __init__(
        self,
        type_: type[T],
        keys: type[_Keys],
        endpoint: Endpoint[object],
        *,
        names: Mapping[str, str],
        is_strict: bool,
    ) -> None:
        self.is_raw: bool = False
        self._record: msgspec.json.Decoder[T] = decoder_of(cast("Hashable", type_))
        self._keys = RecordDecoder(keys, endpoint, is_strict=is_strict)
        self._endpoint = endpoint
        self._names = names
        self._declared_by = f"as declared by {getattr(type_, '__name__', type_)}"

    def decode_row(
        self, body: bytes | Raw, unreadable: list[UnreadableField], *, page: int, index: int
    ) -> KeyedRecord[T]:
        """Decode one record of a page.

        Raises:
            DecodeError: If it does not fit the type, or has an id that cannot be read.
        """
        try:
            record = self._record.decode(self._renamed(body))
        except msgspec.ValidationError as error:
            failure = _mismatch(error, self._declared_by)
        except DECODE_ERRORS as error:
            failure = UndecodableError("$", "JSON", f"what cannot be decoded ({type(error).__name__})")
            if (place := first_invalid_byte(bytes(body))) is not None:
                failure = UndecodableError("$", "UTF-8", f"another encoding at byte {place} of the record")
        else:
            keys = self._keys.decode_row(body, [], page=page, index=index)
            return KeyedRecord(keys.id, keys.timestamp, record)
        # Raised outside of the handler, which holds an error with a text of the record.
        raise record_error(self._endpoint, failure, body, page=page, index=index, transient=False)

    def replace_lone_surrogates(self, body: bytes) -> bytes:
        """Replace halves of surrogate pairs, as in full records."""
        return self._keys.replace_lone_surrogates(body)

    def accept(self, mismatches: Iterable[Mismatch]) -> None:
        """Log what does not fit, as for full records."""
        self._keys.accept(mismatches)

    def _renamed(self, body: bytes | Raw) -> bytes | Raw:
        if not self._names:
            return body
        parts = raw_object.decode(body)
        renamed = {self._names.get(name, name): part for name, part in parts.items()}
        return msgspec.json.encode(renamed | parts)


def keyed_page_decoder(
    type_: type[T], endpoint: Endpoint[object], timestamp: str | None, *, is_strict: bool
) -> PageDecoder[KeyedRecord[T]]:
    """Return a decoder of pages of records of a caller's type.

    Args:
        type_: The caller's type.
        endpoint: The operation, for errors and logs.
        timestamp: The API's name of the timestamp to read beside each record; ``None`` for none.
        is_strict: Whether any mismatch of id and timestamp is an error.
    """
    keys = _Keys if timestamp is None else _dated_keys(timestamp)
    full = cast("Pages[object]", endpoint.answer).record
    names = sent_names(cast("Hashable", type_), cast("Hashable", full))
    rows = KeyedRowDecoder(type_, keys, endpoint, names=names, is_strict=is_strict)
    strict: KeyedPages[T] | TwicePages[T] | None = None
    if not names:
        keyed = keyed_type(cast("Hashable", type_), timestamp)
        strict = TwicePages(type_, keys) if keyed is None else KeyedPages(type_, keyed)
    return PageDecoder(rows, strict, endpoint)


@cache
def _dated_keys(timestamp: str) -> type[_Keys]:
    field = ("timestamp", TimestampType, msgspec.field(default=None, name=timestamp))
    return cast("type[_Keys]", msgspec.defstruct("_DatedKeys", [field], bases=(_Keys,), gc=False))


def _nothing(_: object) -> None:
    return None


def _mismatch(error: msgspec.ValidationError, declared_by: str) -> UndecodableError:
    """Return what does not fit, and where; only types and names, since a message may hold a value."""
    reason, _, place = str(error).partition(" - at ")
    found = _PLACE.fullmatch(place)
    path = "$" if found is None else found[1]
    if types := _TYPES.fullmatch(reason):
        return UndecodableError(path, f"{types[1]}, {declared_by}", types[2])
    if missing := _MISSING.fullmatch(reason):
        return UndecodableError(path, f"an object with {missing[1]}, {declared_by}", "one without it")
    return UndecodableError(path, f"a value {declared_by}", "another one")
