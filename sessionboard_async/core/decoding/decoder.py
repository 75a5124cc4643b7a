"""Bytes to structs: strictly and fast, then, where that fails, leniently and record by record."""

from __future__ import annotations

import logging
import re
from collections.abc import Hashable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any, Generic, Literal, TypeGuard, TypeVar, cast

import msgspec
from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import force_setattr

from sessionboard_async.core.decoding.lenient import (
    Drift,
    UnreadableError,
    is_array,
    is_object,
    read_leniently,
)
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.page import Page, Pagination
from sessionboard_async.errors import DecodeError
from sessionboard_async.models.base import OpenRecord
from sessionboard_async.models.kinds import KindRecord

T = TypeVar("T")

OnInvalid = Literal["raise", "skip"]

logger = logging.getLogger("sessionboard_async")

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _WirePagination(msgspec.Struct, gc=False):
    """Both spellings, since the API uses both, and some servers both at once."""

    currentPage: int | None = None  # noqa: N815
    pageSize: int | None = None  # noqa: N815
    totalPages: int | None = None  # noqa: N815
    totalResults: int | None = None  # noqa: N815
    current_page: int | None = None
    page_size: int | None = None
    total_pages: int | None = None
    total_results: int | None = None

    def read(self) -> Pagination | None:
        pagination = Pagination(
            current_page=_first(self.currentPage, self.current_page),
            page_size=_first(self.pageSize, self.page_size),
            total_pages=_first(self.totalPages, self.total_pages),
            total_results=_first(self.totalResults, self.total_results),
        )
        return None if pagination == _NO_PAGINATION else pagination


_NO_PAGINATION = Pagination()


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one


class _Envelope(msgspec.Struct, Generic[T], gc=False):
    """A list of records, under either of the two names that the API gives it."""

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

# An escape in a JSON string: a surrogate pair, half of one, or any other.
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _whole(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]


@cache
def _decoder(type_: Hashable) -> msgspec.json.Decoder[Any]:
    # Kept for all sessions of the process: making one takes longer than decoding a page.
    return msgspec.json.Decoder(cast("Any", type_))


@cache
def _field_names(type_: Hashable) -> frozenset[str]:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return frozenset(field.encode_name for field in msgspec.structs.fields(type_))
    return frozenset()


class RecordDecoder(Generic[T]):
    """Decodes records of one type, as the answers of one operation.

    Args:
        type_: The type of a record.
        endpoint: The operation, for errors and logs.
    """

    def __init__(self, type_: type[T], endpoint: Endpoint[object]) -> None:
        self._type = type_
        self._endpoint = endpoint
        self._strict: msgspec.json.Decoder[T] = _decoder(cast("Hashable", type_))
        self._fields = _field_names(cast("Hashable", type_))
        self._drifts: set[Drift] = set()
        self.is_open = isinstance(type_, type) and issubclass(type_, OpenRecord)
        self._array: str | None = getattr(type_, "_array", None)
        # A write that was carried out must not look as if it had failed: somebody would do it twice.
        self._may_be_empty = endpoint.may_be_empty or not endpoint.idempotent

    def decode(self, body: bytes) -> T:
        """Decode an answer that is one record, bare or under ``data``.

        Raises:
            DecodeError: If it cannot be read even leniently.
        """
        if self._may_be_empty and body.strip() in (b"", b"null"):
            return self._type()
        # Suppressed and not handled: what is raised in a handler holds the other error, and with it the text.
        with suppress(*_UNREADABLE):
            body = self._unwrapped(body)
            record = self._strict.decode(body)
            if self.is_open or not self._fields or self._fields & _raw_object.decode(body).keys():
                return self._remembering(record, body)
        body = self.without_cut_characters(body)
        with suppress(*_UNREADABLE):
            body = self._unwrapped(body)
        return self._remembering(self.read_leniently(body), body)

    def _unwrapped(self, body: bytes) -> bytes:
        if self._array is not None and body.lstrip()[:1] == b"[":
            return b'{"%s":%s}' % (self._array.encode(), body)
        if _raw_envelope.decode(body).data is UNSET:
            return body
        parts = _raw_object.decode(body)
        # A record may itself have a field called `data`, known or unknown, but then not alone.
        others = parts.keys() - {"data"}
        if self._fields & others or (others and not self._fields):
            return body
        return self._unwrapped(bytes(parts["data"])) if self._array is not None else bytes(parts["data"])

    def read(self, body: bytes | Raw, *, page: int, index: int) -> T:
        """Decode one record of a page."""
        with suppress(*_UNREADABLE):
            return self._remembering(self._strict.decode(body), body)
        return self._remembering(self.read_leniently(body, page=page, index=index), body)

    def _remembering(self, record: T, body: bytes | Raw) -> T:
        if self.is_open:
            remember(record, msgspec.json.decode(body))
        # What an operation answers stands above the classes of all its kinds.
        return cast("T", record.in_its_kind()) if isinstance(record, KindRecord) else record

    def without_cut_characters(self, body: bytes) -> bytes:
        """Replace halves of surrogate pairs, which JavaScript makes by cutting a text within an emoji."""
        if b"\\u" not in body:
            return body
        mended = _ESCAPE.sub(_whole, body)
        if mended != body:
            self.note(("$", "a whole character", "half of a surrogate pair"))
        return mended

    def read_leniently(self, body: bytes | Raw, *, page: int | None = None, index: int | None = None) -> T:
        """Decode what did not fit, mending what can be mended.

        Raises:
            DecodeError: If a value cannot be read even so.
        """
        value: object = None
        try:
            value = msgspec.json.decode(body)
            if is_object(value) and value and not self.is_open and self._is_strange(value):
                raise UnreadableError("$", "a record", "an object with none of its fields")
            return read_leniently(value, self._type, self.note)
        except UnreadableError as unreadable:
            if self.is_open and is_object(value):
                # What it may hold is a guess of ours; nothing is lost, since all of it is kept as it came.
                self.note((unreadable.path, unreadable.promised, unreadable.came))
                return self._type()
            reason, path = f"{unreadable.promised} was promised, and {unreadable.came} came", unreadable.path
        except _UNREADABLE as error:
            reason, path = f"it is not JSON ({type(error).__name__})", "$"
        raise DecodeError(
            f"the answer cannot be read: {reason}",
            context=self._endpoint.context,
            page=page,
            index=index,
            record_id=_id_in(value),
            path=path,
        )

    def _is_strange(self, value: dict[str, object]) -> bool:
        return bool(self._fields) and self._fields.isdisjoint(value)

    def note(self, drift: Drift) -> None:
        """Log a difference from what was promised, the first time it is seen."""
        if drift not in self._drifts:
            self._drifts.add(drift)
            path, promised, came = drift
            logger.warning(
                "%s: %s was promised at %s, and %s came; it was read leniently",
                self._endpoint.operation_id,
                promised,
                path,
                came,
            )


class PageDecoder(Generic[T]):
    """Decodes pages of records, as the answers of one operation.

    Args:
        type_: The type of a record; ``msgspec.Raw`` keeps the bytes as they came.
        endpoint: The operation, for errors and logs.
    """

    def __init__(self, type_: type[T], endpoint: Endpoint[object]) -> None:
        self._endpoint = endpoint
        self._record = RecordDecoder(type_, endpoint)
        self._array: msgspec.json.Decoder[tuple[T, ...]] = _decoder(tuple[type_, ...])  # type: ignore[valid-type]  # a type known at run time
        self._envelope: msgspec.json.Decoder[_Envelope[T]] = _decoder(_Envelope[type_])  # type: ignore[valid-type]  # a type known at run time

    def decode(self, body: bytes, *, page: int, on_invalid: OnInvalid = "raise") -> Page[T]:
        """Decode a page, whatever the envelope: a bare array, or one under ``results`` or ``data``.

        Args:
            body: The answer.
            page: Its number, for errors.
            on_invalid: Whether a record that cannot be read ends it all or is counted and left out.

        Raises:
            DecodeError: If the page, or with ``on_invalid="raise"`` a record on it, cannot be read.
        """
        if self._record.is_open:
            # What the document does not describe is kept record by record; there is little of it.
            return self._decode_leniently(self._record.without_cut_characters(body), page, on_invalid)
        envelope: _Envelope[T] | None = None
        with suppress(*_UNREADABLE):
            if body[:1] == b"[":
                return Page(results=self._array.decode(body))
            envelope = self._envelope.decode(body)
        if envelope is None or (envelope.results is UNSET and envelope.data is UNSET):
            return self._decode_leniently(self._record.without_cut_characters(body), page, on_invalid)
        # Where both are there, the one with records counts.
        results = envelope.results if envelope.results or envelope.data is UNSET else envelope.data
        pagination = envelope.pagination
        return Page(
            results=() if results is UNSET else results,
            pagination=None if pagination is None else pagination.read(),
        )

    def _decode_leniently(self, body: bytes, page: int, on_invalid: OnInvalid) -> Page[T]:
        rows, pagination = self._open(body, page)
        results: list[T] = []
        for index, row in enumerate(rows):
            try:
                results.append(self._record.read(row, page=page, index=index))
            except DecodeError as error:
                if on_invalid == "raise":
                    raise
                logger.warning("a record was left out: %s", error)
        return Page(results=tuple(results), pagination=pagination, skipped=len(rows) - len(results))

    def _open(self, body: bytes, page: int) -> tuple[list[Raw], Pagination | None]:
        try:
            if body.lstrip()[:1] == b"[":
                return _raw_array.decode(body), None
            envelope = _raw_envelope.decode(body)
            given = [rows for rows in (envelope.results, envelope.data) if rows is not UNSET]
            if given:
                return self._rows(given), self._pagination(envelope.pagination)
            reason = "no array of records, neither bare nor under `results` or `data`"
        except _UNREADABLE as error:
            reason = f"it is not the JSON of a page ({type(error).__name__})"
        except UnreadableError as error:
            reason = f"its pagination cannot be read: {error}"
        raise self._unreadable(page, reason)

    def _rows(self, given: list[Raw]) -> list[Raw]:
        told = [rows for rows in given if bytes(memoryview(rows)[:4]) != b"null"]
        if not told:
            self._record.note(("$.results", "an array", "null"))
        arrays = [rows for rows in told if bytes(memoryview(rows)[:1]) == b"["]
        # Where both are there, the one with records counts.
        lists = [_raw_array.decode(rows) for rows in arrays or told]
        return max(lists, key=bool) if lists else []

    def _pagination(self, pagination: Raw | UnsetType) -> Pagination | None:
        if pagination is UNSET:
            return None
        value = msgspec.json.decode(pagination)
        return read_leniently(value, _WirePagination, self._record.note).read() if value else None

    def _unreadable(self, page: int, reason: str) -> DecodeError:
        return DecodeError(
            f"the answer cannot be read: {reason}",
            context=self._endpoint.context,
            page=page,
            path="$",
        )


class Decoders:
    """The decoders of a session, each made when it is first needed and then kept."""

    def __init__(self) -> None:
        self._records: dict[str, RecordDecoder[Any]] = {}
        self._pages: dict[tuple[str, object], PageDecoder[Any]] = {}

    def record(self, endpoint: Endpoint[T]) -> RecordDecoder[T]:
        """Return the decoder of an operation that answers with one record."""
        decoder = self._records.get(endpoint.operation_id)
        if decoder is None:
            decoder = RecordDecoder(cast("type[T]", endpoint.answer), endpoint)
            self._records[endpoint.operation_id] = decoder
        return decoder

    def pages(self, endpoint: Endpoint[object], type_: type[T]) -> PageDecoder[T]:
        """Return the decoder of an operation's pages, for records of the type that is wanted."""
        key = (endpoint.operation_id, type_)
        decoder = self._pages.get(key)
        if decoder is None:
            decoder = self._pages[key] = PageDecoder(type_, endpoint)
        return decoder


def remember(record: object, sent: object) -> None:
    """Keep in an open record, and in those inside it, what was sent."""
    if not isinstance(record, OpenRecord) or not is_object(sent):
        return
    force_setattr(record, "as_sent", sent)
    for field in msgspec.structs.fields(record):
        inside: object = getattr(record, field.name)
        for one, its in _pairs(inside, sent.get(field.encode_name)):
            remember(one, its)


def _pairs(inside: object, sent: object) -> Iterable[tuple[object, object]]:
    if not _is_tuple(inside) or not is_array(sent):
        return ((inside, sent),)
    # A null was left out where records were promised.
    return zip(inside, (one for one in sent if one is not None), strict=False)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)


def _id_in(value: object) -> str | None:
    id_ = value.get("id") if is_object(value) else None
    return str(id_)[:100] if isinstance(id_, (str, int)) else None
