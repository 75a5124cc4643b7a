"""Decoding of response bodies: strict and fast if they fit the models, lenient and by record otherwise."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from contextlib import suppress
from functools import cache
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec
from msgspec import UNSET, Raw, UnsetType

from sessionboard_async.core.decoding.lenient import (
    Coercion,
    UndecodableError,
    decode_leniently,
    is_object,
)
from sessionboard_async.core.decoding.sent_values import keep_as_sent
from sessionboard_async.core.decoding.text import is_json, replace_lone_surrogates
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.page import Page, Pagination, credible_pagination
from sessionboard_async.errors import DecodeError
from sessionboard_async.models.base import OpenRecord
from sessionboard_async.models.kinds import KindRecord

T = TypeVar("T")

OnInvalid = Literal["raise", "skip"]

logger: logging.Logger = logging.getLogger("sessionboard_async")

_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _WirePagination(msgspec.Struct, gc=False):
    """The pagination of a response. The API uses both spellings, and some servers use both at once.

    Other servers report it beside the records, where its names are shorter.
    """

    currentPage: int | None = None  # noqa: N815
    pageSize: int | None = None  # noqa: N815
    totalPages: int | None = None  # noqa: N815
    totalResults: int | None = None  # noqa: N815
    current_page: int | None = None
    page_size: int | None = None
    total_pages: int | None = None
    total_results: int | None = None
    page: int | None = None
    total: int | None = None

    def to_pagination(self, rows: int) -> Pagination | None:
        """Return the pagination of a page with that many rows."""
        return credible_pagination(
            rows,
            current_page=_first(self.currentPage, self.current_page, self.page),
            page_size=_first(self.pageSize, self.page_size),
            total_pages=_first(self.totalPages, self.total_pages),
            total_results=_first(self.totalResults, self.total_results, self.total),
        )


_PAGINATION_NAMES = frozenset(_WirePagination.__struct_fields__)


def _first(value: int | None, second: int | None, third: int | None = None) -> int | None:
    return value if value is not None else second if second is not None else third


class _Envelope(_WirePagination, Generic[T], gc=False):
    """A page of records, under either of the two names that the API uses."""

    results: tuple[T, ...] | UnsetType = UNSET
    data: tuple[T, ...] | UnsetType = UNSET
    pagination: _WirePagination | None = None


class _RawEnvelope(msgspec.Struct, gc=False):
    results: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    pagination: Raw | UnsetType = UNSET


_raw_envelope = msgspec.json.Decoder(_RawEnvelope)
_raw_array = msgspec.json.Decoder(list[Raw])
_raw_object = msgspec.json.Decoder(dict[str, Raw])


@cache
def _decoder(type_: Hashable) -> msgspec.json.Decoder[Any]:
    # Shared by all clients of the process: creating a decoder takes longer than decoding a page.
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
        self._strict: msgspec.json.Decoder[T] = _decoder(cast("Hashable", type_))
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
        except _DECODE_ERRORS:
            pass
        with suppress(*_DECODE_ERRORS):
            body = self._unwrap(body)
            record = self._strict.decode(body)
            if self._is_known(record, body):
                return self._complete(record, body)
        body = self.replace_lone_surrogates(body)
        with suppress(*_DECODE_ERRORS):
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
        return not self._fields.isdisjoint(_raw_object.decode(body))

    def _unwrap(self, body: bytes) -> bytes:
        if self._array is not None and body.lstrip()[:1] == b"[":
            return b'{"%s":%s}' % (self._array.encode(), body)
        parts = _raw_object.decode(body)
        if "data" not in parts:
            return body
        # A record may have a field called `data`, known or unknown, but then it has others.
        others = parts.keys() - {"data"}
        if self._fields & others or (others and not self._fields):
            return body
        return self._unwrap(bytes(parts["data"])) if self._array is not None else bytes(parts["data"])

    def decode_row(self, body: bytes | Raw, *, page: int, index: int) -> T:
        """Decode one record of a page."""
        with suppress(*_DECODE_ERRORS):
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
        except _DECODE_ERRORS as error:
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


class PageDecoder(Generic[T]):
    """Decodes pages of records, from the responses of one operation.

    Args:
        type_: The type of a record; ``msgspec.Raw`` keeps the bytes of the response.
        endpoint: The operation, for errors and logs.
    """

    def __init__(self, type_: type[T], endpoint: Endpoint[object]) -> None:
        self._endpoint = endpoint
        self._record = RecordDecoder(type_, endpoint)
        self._array: msgspec.json.Decoder[tuple[T, ...]] = _decoder(tuple[type_, ...])  # type: ignore[valid-type]  # a type known at run time
        self._envelope: msgspec.json.Decoder[_Envelope[T]] = _decoder(_Envelope[type_])  # type: ignore[valid-type]  # a type known at run time

    def decode(self, body: bytes, *, page: int, on_invalid: OnInvalid = "raise") -> Page[T]:
        """Decode a page: a bare array, or one under ``results`` or ``data``.

        Args:
            body: The response body.
            page: The number of the page, for errors.
            on_invalid: Whether a record that cannot be decoded is an error, or is left out and counted.

        Raises:
            DecodeError: If the page, or with ``on_invalid="raise"`` a record on it, cannot be decoded.
        """
        if self._record.is_open:
            # Open records keep what was sent, record by record; such pages are small.
            return self._decode_leniently(self._record.replace_lone_surrogates(body), page, on_invalid)
        envelope: _Envelope[T] | None = None
        with suppress(*_DECODE_ERRORS):
            if body[:1] == b"[":
                return Page(results=self._array.decode(body))
            envelope = self._envelope.decode(body)
        if envelope is None or (envelope.results is UNSET and envelope.data is UNSET):
            return self._decode_leniently(self._record.replace_lone_surrogates(body), page, on_invalid)
        # If both are present, the one with records is used.
        results = envelope.results if envelope.results or envelope.data is UNSET else envelope.data
        if results is UNSET:
            results = ()
        pagination = envelope.pagination and envelope.pagination.to_pagination(len(results))
        return Page(results=results, pagination=pagination or envelope.to_pagination(len(results)))

    def _decode_leniently(self, body: bytes, page: int, on_invalid: OnInvalid) -> Page[T]:
        rows, pagination = self._split(body, page)
        results: list[T] = []
        for index, row in enumerate(rows):
            try:
                results.append(self._record.decode_row(row, page=page, index=index))
            except DecodeError as error:
                if on_invalid == "raise":
                    raise
                logger.warning("left out a record: %s", error)
        return Page(results=tuple(results), pagination=pagination, skipped=len(rows) - len(results))

    def _split(self, body: bytes, page: int) -> tuple[list[Raw], Pagination | None]:
        transient = False
        try:
            if body.lstrip()[:1] == b"[":
                return _raw_array.decode(body), None
            envelope = _raw_envelope.decode(body)
            given = [rows for rows in (envelope.results, envelope.data) if rows is not UNSET]
            rows = self._rows(given)
            pagination = self._pagination(envelope.pagination, body, len(rows or ()))
            if rows is None and pagination is not None and pagination.total_results == 0:
                rows = self._no_rows(given)
            if rows is not None:
                return rows, pagination
            reason = "no array of records, neither bare nor under `results` or `data`"
        except _DECODE_ERRORS as error:
            reason = f"it is not the JSON of a page ({type(error).__name__})"
            transient = not is_json(body)
        except UndecodableError as error:
            reason = f"invalid pagination: {error}"
        raise self._error(page, reason, transient=transient)

    def _rows(self, given: list[Raw]) -> list[Raw] | None:
        """Return the rows of a page; ``None`` without an array of them."""
        arrays = [rows for rows in given if bytes(memoryview(rows)[:1]) == b"["]
        # If both are present, the one with records is used.
        return max(map(_raw_array.decode, arrays), key=bool) if arrays else None

    def _no_rows(self, given: list[Raw]) -> list[Raw] | None:
        """Return the rows of a page with a total of 0 and without an array; ``None`` if there is content.

        Some servers send null or an empty object for an empty list. Without that total, it may as well stand
        for records that the server could not read.
        """
        if any(map(msgspec.json.decode, given)):
            return None
        self._record.log_coercion(Coercion("$.results", "an array", "an empty value"))
        return []

    def _pagination(self, pagination: Raw | UnsetType, body: bytes, rows: int) -> Pagination | None:
        value = None if pagination is UNSET else msgspec.json.decode(pagination)
        if value:
            wire = decode_leniently(value, _WirePagination, self._record.log_coercion)
            if (reported := wire.to_pagination(rows)) is not None:
                return reported
        parts = _raw_object.decode(body)
        beside = {name: msgspec.json.decode(parts[name]) for name in _PAGINATION_NAMES & parts.keys()}
        with suppress(UndecodableError):  # These names may as well mean something else.
            wire = decode_leniently(beside, _WirePagination, self._record.log_coercion)
            return wire.to_pagination(rows)
        return None

    def _error(self, page: int, reason: str, *, transient: bool) -> DecodeError:
        return DecodeError(
            f"cannot decode the response: {reason}",
            context=self._endpoint.context,
            page=page,
            path="$",
            transient=transient,
        )


class Decoders:
    """The decoders of a client, each created on first use and then kept."""

    def __init__(self) -> None:
        self._records: dict[str, RecordDecoder[Any]] = {}
        self._pages: dict[tuple[str, object], PageDecoder[Any]] = {}

    def record(self, endpoint: Endpoint[T]) -> RecordDecoder[T]:
        """Return the decoder of an operation that returns one record."""
        decoder = self._records.get(endpoint.operation_id)
        if decoder is None:
            decoder = RecordDecoder(cast("type[T]", endpoint.answer), endpoint)
            self._records[endpoint.operation_id] = decoder
        return decoder

    def pages(self, endpoint: Endpoint[object], type_: type[T]) -> PageDecoder[T]:
        """Return the decoder of an operation's pages, for records of a type."""
        key = (endpoint.operation_id, type_)
        decoder = self._pages.get(key)
        if decoder is None:
            decoder = self._pages[key] = PageDecoder(type_, endpoint)
        return decoder


def _id_in(value: object) -> str | None:
    id_ = value.get("id") if is_object(value) else None
    return str(id_)[:100] if isinstance(id_, (str, int)) else None
