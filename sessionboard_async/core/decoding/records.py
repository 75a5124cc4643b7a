"""Decoding of single records: strict if they fit their type, lenient otherwise."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from contextlib import suppress
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import Raw

from sessionboard_async.core.decoding.lenient import (
    Coercion,
    UndecodableError,
    decode_leniently,
    is_object,
)
from sessionboard_async.core.decoding.sent_values import keep_as_sent
from sessionboard_async.core.decoding.text import is_json, replace_lone_surrogates
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.errors import DecodeError
from sessionboard_async.models.base import OpenRecord
from sessionboard_async.models.kinds import KindRecord

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("sessionboard_async")

DECODE_ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The exceptions of `msgspec` for a body that does not fit a type."""

raw_object: Final = msgspec.json.Decoder(dict[str, Raw])
"""Decodes an object into the bytes of its values."""


@cache
def decoder_of(type_: Hashable) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a type, shared by all clients of the process."""
    # Creating a decoder takes longer than decoding a page.
    return msgspec.json.Decoder(cast("Any", type_))


@cache
def _field_names(type_: Hashable) -> frozenset[str]:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return frozenset(field.encode_name for field in msgspec.structs.fields(type_))
    return frozenset()


@cache
def _default(type_: Hashable) -> object:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        with suppress(TypeError):  # A type with required fields has no default.
            return type_()
    return None


class RecordDecoder(Generic[T]):
    """Decodes records of one type, from the responses of one operation.

    Args:
        type_: The type of a record.
        endpoint: The operation, for errors and logs.

    Attributes:
        is_open: Whether the records keep everything that was sent.
    """

    def __init__(self, type_: type[T], endpoint: Endpoint[object]) -> None:
        self._type = type_
        self._endpoint = endpoint
        self._strict: msgspec.json.Decoder[T] = decoder_of(cast("Hashable", type_))
        self._fields = _field_names(cast("Hashable", type_))
        self._holds_no_data = bool(self._fields) and "data" not in self._fields
        self._default = _default(cast("Hashable", type_))
        self._coercions: set[Coercion] = set()
        self.is_open: bool = isinstance(type_, type) and issubclass(type_, OpenRecord)
        self._array: str | None = getattr(type_, "_array", None)
        # A successful write must not look like a failure, since the caller might repeat it.
        self._may_be_empty = endpoint.may_be_empty or not endpoint.idempotent

    def decode(self, body: bytes) -> T:
        """Decode a response that is one record, bare or under ``data``.

        Raises:
            DecodeError: If the body cannot be decoded even leniently.
        """
        if self._may_be_empty and body.strip() in (b"", b"null"):
            return self._type()
        # What does not fit is decoded leniently below, which reports each value. Nothing is raised in a
        # handler: that error would keep the first one, which holds the text.
        try:
            record = self._strict.decode(body)
            if self._is_bare(record):
                return self._complete(record, body)
        except DECODE_ERRORS:
            pass
        with suppress(*DECODE_ERRORS):
            body = self._unwrap(body)
            record = self._strict.decode(body)
            if self._is_known(record, body):
                return self._complete(record, body)
        body = self.replace_lone_surrogates(body)
        with suppress(*DECODE_ERRORS):
            body = self._unwrap(body)
        return self._complete(self.decode_leniently(body), body)

    def _is_bare(self, record: T) -> bool:
        """Return whether a decoded body was the record itself, for certain, and not an object around it.

        An object around the record leaves every field at its default, unless a field is called ``data``.
        """
        if is_object(record):
            return record.keys() != {"data"}
        return self._holds_no_data and record != self._default

    def _is_known(self, record: T, body: bytes) -> bool:
        """Return whether a decoded object holds any field of the record, if that can be expected."""
        if self.is_open or not self._fields or record != self._default:
            return True
        return not self._fields.isdisjoint(raw_object.decode(body))

    def _unwrap(self, body: bytes) -> bytes:
        if self._array is not None and body.lstrip()[:1] == b"[":
            return b'{"%s":%s}' % (self._array.encode(), body)
        parts = raw_object.decode(body)
        if "data" not in parts:
            return body
        # A record may have a field called `data`, known or unknown, but then it has others.
        others = parts.keys() - {"data"}
        if self._fields & others or (others and not self._fields):
            return body
        return self._unwrap(bytes(parts["data"])) if self._array is not None else bytes(parts["data"])

    def decode_row(self, body: bytes | Raw, *, page: int, index: int) -> T:
        """Decode one record of a page."""
        with suppress(*DECODE_ERRORS):
            return self._complete(self._strict.decode(body), body)
        return self._complete(self.decode_leniently(body, page=page, index=index), body)

    def _complete(self, record: T, body: bytes | Raw) -> T:
        if self.is_open:
            keep_as_sent(record, msgspec.json.decode(body))
        if isinstance(record, KindRecord):
            # An operation declares the base class of all kinds of its records.
            return cast("T", record.in_its_kind())
        return record

    def replace_lone_surrogates(self, body: bytes) -> bytes:
        """Replace halves of surrogate pairs, which JavaScript leaves when it truncates a text in an emoji."""
        replaced = replace_lone_surrogates(body)
        if replaced != body:
            self.log_coercion(Coercion("$", "a whole character", "half of a surrogate pair"))
        return replaced

    def decode_leniently(self, body: bytes | Raw, *, page: int | None = None, index: int | None = None) -> T:
        """Decode a record that does not fit its type, with values converted where nothing is lost.

        Raises:
            DecodeError: If a value cannot be decoded even so.
        """
        value: object = None
        transient = False
        try:
            value = msgspec.json.decode(body)
            if is_object(value) and value and not self.is_open and self._has_no_known_field(value):
                raise UndecodableError("$", "a record", "an object with none of its fields")
            return decode_leniently(value, self._type, self.log_coercion)
        except UndecodableError as error:
            if self.is_open and is_object(value):
                # The fields of an open record are a guess. Nothing is lost: it keeps everything as sent.
                self.log_coercion(Coercion(error.path, error.expected, error.actual))
                return self._type()
            reason, path = f"expected {error.expected}, got {error.actual}", error.path
        except DECODE_ERRORS as error:
            reason, path = f"it is not JSON ({type(error).__name__})", "$"
            transient = not is_json(body)
        raise DecodeError(
            f"cannot decode the response: {reason}",
            context=self._endpoint.context,
            page=page,
            index=index,
            record_id=_id_in(value),
            path=path,
            transient=transient,
        )

    def _has_no_known_field(self, value: dict[str, object]) -> bool:
        return bool(self._fields) and self._fields.isdisjoint(value)

    def log_coercion(self, coercion: Coercion) -> None:
        """Log a coercion the first time it occurs."""
        if coercion not in self._coercions:
            self._coercions.add(coercion)
            logger.warning(
                "%s: unexpected type at %s: expected %s, got %s; decoded leniently",
                self._endpoint.operation_id,
                coercion.path,
                coercion.expected,
                coercion.actual,
            )


def _id_in(value: object) -> str | None:
    id_ = value.get("id") if is_object(value) else None
    return str(id_)[:100] if isinstance(id_, (str, int)) else None
