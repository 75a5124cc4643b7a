"""Decoding of single records: strict if they fit their type, lenient otherwise."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import Raw

from sessionboard_async.core.confirmations import (
    confirms,
    is_phrase_of_success,
    reports_failure,
    without_mark,
)
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.page import UnreadableField
from sessionboard_async.errors import DecodeError
from sessionboard_async.models._reading.lenient import (
    Coercion,
    Mismatch,
    UndecodableError,
    decode_leniently,
    is_object,
)
from sessionboard_async.models._reading.mismatches import MismatchLog, first_lost
from sessionboard_async.models._reading.sent_values import sent_value
from sessionboard_async.models._reading.text import first_invalid_byte, is_json, replace_lone_surrogates
from sessionboard_async.models.base import OpenRecord, keep_as_sent
from sessionboard_async.models.kinds import KindRecord

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("sessionboard_async")

DECODE_ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The exceptions of `msgspec` for a body that does not fit a type."""

raw_object: Final = msgspec.json.Decoder(dict[str, Raw])
"""Decodes an object into the bytes of its values."""


@lru_cache(maxsize=1024)
def decoder_of(type_: Hashable) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a type, shared by all clients of the process."""
    # Creating a decoder takes longer than decoding a page. Callers may make types without end.
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
        is_strict: Whether any mismatch is an error.

    Attributes:
        is_open: Whether the records keep everything that was sent.
        is_raw: Whether they are the bytes of the response.
    """

    def __init__(self, type_: type[T], endpoint: Endpoint[object], *, is_strict: bool = False) -> None:
        self._type = type_
        self._endpoint = endpoint
        self._strict: msgspec.json.Decoder[T] = decoder_of(cast("Hashable", type_))
        self._fields = _field_names(cast("Hashable", type_))
        self._holds_no_data = bool(self._fields) and "data" not in self._fields
        self._default = _default(cast("Hashable", type_))
        self._is_strict = is_strict
        self.is_raw: bool = type_ is cast("type[T]", Raw)
        self._mismatches = MismatchLog(endpoint.operation_id)
        self.is_open: bool = isinstance(type_, type) and issubclass(type_, OpenRecord)
        self._array: str | None = getattr(type_, "_array", None)
        # A successful write must not look like a failure, since the caller might repeat it.
        self._may_be_empty = endpoint.may_be_empty or not endpoint.idempotent
        self._needs_id = "id" in self._fields and not self.is_open and not self._may_be_empty

    def decode(self, body: bytes) -> T:
        """Decode a response that is one record, bare or under ``data``.

        Raises:
            DecodeError: If the body cannot be decoded even leniently, or reports a failure.
        """
        body = without_mark(body)
        if self._may_be_empty and body.strip() in (b"", b"null"):
            return self._without_record()
        # What does not fit is decoded leniently below, which reports each value. Nothing is raised in a
        # handler: that error would keep the first one, which holds the text.
        with suppress(*DECODE_ERRORS):
            record = self._strict.decode(body)
            if self._is_bare(record) and not self._is_failure(record, body):
                return self._complete(record, body)
        inner = body
        with suppress(*DECODE_ERRORS):
            inner = self._unwrap(body)
            record = self._strict.decode(inner)
            if self._is_known(record, inner) and not self._is_failure(record, body):
                return self._complete(record, inner)
        if self._is_confirmation(replace_lone_surrogates(body)):
            return self._without_record()
        inner = self.replace_lone_surrogates(inner)
        with suppress(*DECODE_ERRORS):
            inner = self._unwrap(inner)
        return self.decode_leniently(inner, [])

    def _without_record(self) -> T:
        if not self._endpoint.may_be_empty:
            self._mismatches.warn("$", "the answer confirms the request, and holds no record")
        return self._type()

    def _is_failure(self, record: T, body: bytes) -> bool:
        """Return whether an answer that fits may report a failure all the same."""
        # Twice as fast as a search with the quotation mark, which is frequent in JSON.
        if getattr(record, "id", None) is not None and b"success" not in body:
            return False
        if self._array is not None and getattr(record, self._array, None):
            # A batch of which something failed: each outcome says so itself.
            return False
        return reports_failure(msgspec.json.decode(body))

    def _is_confirmation(self, body: bytes) -> bool:
        """Return whether an answer to a write confirms it without a record.

        Raises:
            DecodeError: If it reports a failure.
        """
        try:
            value: object = msgspec.json.decode(body)
        except DECODE_ERRORS:
            return self._may_be_empty and is_phrase_of_success(body)
        if reports_failure(value) and not self._has_outcomes(value):
            raise failure_error(self._endpoint)
        if not self._may_be_empty:
            return False
        inner = value.get("data") if is_object(value) else None
        objects = [one for one in (value, inner) if is_object(one)]
        if not all(map(self._fields.isdisjoint, objects)):
            return False
        # A record confirms a write that is documented to return something else.
        return confirms(value) or any("id" in one for one in objects)

    def _has_outcomes(self, value: object) -> bool:
        return self._array is not None and is_object(value) and bool(value.get(self._array))

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

    def decode_row(self, body: bytes | Raw, unreadable: list[UnreadableField], *, page: int, index: int) -> T:
        """Decode one record of a page, and add to a list what of it cannot be read."""
        if self.is_raw:
            # Neither UTF-8 nor whole characters are required to skip a text.
            if (place := first_invalid_byte(bytes(body))) is None:
                return cast("T", body)
            mismatch = UndecodableError("$", "UTF-8", f"another encoding at byte {place} of the record")
            raise self._error(mismatch, body, page=page, index=index)
        with suppress(*DECODE_ERRORS):
            return self._complete(self._strict.decode(body), body)
        return self.decode_leniently(body, unreadable, page=page, index=index)

    def _complete(self, record: T, body: bytes | Raw) -> T:
        return self._with_sent(record, msgspec.json.decode(body) if self.is_open else None)

    def _with_sent(self, record: T, sent: object) -> T:
        if self.is_open:
            keep_as_sent(record, sent)
        if isinstance(record, KindRecord):
            # An operation declares the base class of all kinds of its records.
            return cast("T", record.in_its_kind())
        return record

    def replace_lone_surrogates(self, body: bytes) -> bytes:
        """Replace halves of surrogate pairs, which JavaScript leaves when it truncates a text in an emoji.

        Raises:
            DecodeError: If there are any, and any mismatch is an error.
        """
        replaced = replace_lone_surrogates(body)
        if replaced != body:
            self.accept([Coercion("$", "a whole character", "half of a surrogate pair")])
        return replaced

    def accept(self, mismatches: Iterable[Mismatch]) -> None:
        """Log what does not fit, each the first time that it occurs.

        Raises:
            DecodeError: If any mismatch is an error.
        """
        for mismatch in mismatches:
            if self._is_strict:
                raise self._error(mismatch)
            self._mismatches.add(mismatch)

    def decode_leniently(
        self,
        body: bytes | Raw,
        unreadable: list[UnreadableField],
        *,
        page: int | None = None,
        index: int | None = None,
    ) -> T:
        """Decode a record that does not fit its type, with values converted where nothing is lost.

        Args:
            body: The record.
            unreadable: A list to which the values that cannot be read are added.
            page: The number of its page, for errors.
            index: Its position there.

        Raises:
            DecodeError: If it is no object, or has neither a readable id nor all its values, or a value does
                not fit and any mismatch is an error.
        """
        mismatches: list[Mismatch] = []
        failure: Mismatch
        transient = False
        try:
            names = None if self.is_open else self._fields or None
            value = sent_value(body, names, mismatches.append)
            record = decode_leniently(value, self._type, mismatches.append)
            errors = [mismatch for mismatch in mismatches if isinstance(mismatch, UndecodableError)]
            id_: object = getattr(record, "id", None)
            if self._is_strict and mismatches:
                failure = mismatches[0]
            elif id_ is None and self._needs_id and (lost := first_lost(errors)) is not None:
                failure = lost
            else:
                self.accept(mismatches)
                unreadable += [
                    UnreadableField(None if id_ is None else str(id_), error.path) for error in errors
                ]
                return self._with_sent(record, value)
        except UndecodableError as error:
            failure = error
        except DECODE_ERRORS as error:
            transient = not is_json(body)
            failure = UndecodableError("$", "JSON", f"what is not JSON ({type(error).__name__})")
        raise self._error(failure, body, page=page, index=index, transient=transient)

    def _error(
        self,
        mismatch: Mismatch,
        body: bytes | Raw = b"",
        *,
        page: int | None = None,
        index: int | None = None,
        transient: bool = False,
    ) -> DecodeError:
        return record_error(self._endpoint, mismatch, body, page=page, index=index, transient=transient)


def record_error(
    endpoint: Endpoint[object],
    mismatch: Mismatch,
    body: bytes | Raw,
    *,
    page: int | None,
    index: int | None,
    transient: bool,
) -> DecodeError:
    """Return the error of a record that cannot be decoded, with its place."""
    return DecodeError(
        f"cannot decode the response: expected {mismatch.expected}, got {mismatch.actual}",
        context=endpoint.context,
        page=page,
        index=index,
        record_id=_id_in(body),
        path=mismatch.path,
        transient=transient,
    )


def failure_error(endpoint: Endpoint[object], page: int | None = None) -> DecodeError:
    """Return the error of an answer that reports a failure with a status of success."""
    return DecodeError(
        "the answer reports a failure, with a status of success",
        context=endpoint.context,
        page=page,
        reports_failure=True,
        path="$",
    )


def _id_in(body: bytes | Raw) -> str | None:
    with suppress(*DECODE_ERRORS):
        id_: object = msgspec.json.decode(raw_object.decode(body).get("id", b"null"))
        return str(id_)[:100] if isinstance(id_, (str, int)) else None
    return None
