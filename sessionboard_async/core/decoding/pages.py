"""Decoding of pages of records, in every envelope that servers put around them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Generic, Literal, Protocol, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import replace

from sessionboard_async.core.confirmations import reports_failure, without_mark
from sessionboard_async.core.decoding.envelopes import WirePagination
from sessionboard_async.core.decoding.records import DECODE_ERRORS, failure_error, raw_object
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.page import Page, Pagination, UnreadableField
from sessionboard_async.errors import DecodeError
from sessionboard_async.models._reading.lenient import Coercion, Mismatch, UndecodableError, decode_leniently
from sessionboard_async.models._reading.sent_values import sent_value
from sessionboard_async.models._reading.text import is_json, is_utf8, replace_lone_surrogates, rows_as_sent

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

OnInvalid = Literal["raise", "skip"]
"""The treatment of records that cannot be decoded: an error, or left out and counted."""

logger: logging.Logger = logging.getLogger("sessionboard_async")


class _RawEnvelope(msgspec.Struct, gc=False):
    results: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    pagination: Raw | UnsetType = UNSET
    success: Raw | UnsetType = UNSET
    ok: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET
    errors: Raw | UnsetType = UNSET

    def statements(self) -> dict[str, object]:
        """Return what the answer states about its success."""
        stated = {"success": self.success, "ok": self.ok, "error": self.error, "errors": self.errors}
        return {name: msgspec.json.decode(part) for name, part in stated.items() if part is not UNSET}


_PAGINATION_NAMES = frozenset(WirePagination.__struct_fields__)

_raw_envelope = msgspec.json.Decoder(_RawEnvelope)
_raw_array = msgspec.json.Decoder(list[Raw])


class StrictDecoder(Protocol[T]):
    """Decodes pages whose records all fit their type."""

    def decode(self, body: bytes) -> Page[T] | None:
        """Decode a page; return ``None`` if anything in it is unusual."""
        ...


class RowDecoder(Protocol[T_co]):
    """Decodes the rows of pages that do not fit their type, or hold something else that is unusual."""

    @property
    def is_raw(self) -> bool:
        """Whether rows keep the bytes of the response."""
        ...

    def decode_row(
        self, body: bytes | Raw, unreadable: list[UnreadableField], *, page: int, index: int
    ) -> T_co:
        """Decode a row, and add to a list what of it cannot be read."""
        ...

    def replace_lone_surrogates(self, body: bytes) -> bytes:
        """Replace halves of surrogate pairs."""
        ...

    def accept(self, mismatches: Iterable[Mismatch]) -> None:
        """Log what does not fit, or raise an error for it."""
        ...


class PageDecoder(Generic[T]):
    """Decodes pages of records, from the responses of one operation.

    Args:
        rows: Decodes single rows.
        strict: Decodes usual pages, in one step; ``None`` if each row is decoded alone.
        endpoint: The operation, for errors and logs.
    """

    def __init__(
        self,
        rows: RowDecoder[T],
        strict: StrictDecoder[T] | None,
        endpoint: Endpoint[object],
    ) -> None:
        self._record = rows
        self._strict = strict
        self._endpoint = endpoint

    def decode(self, body: bytes, *, page: int, on_invalid: OnInvalid = "raise") -> Page[T]:
        """Decode a page: a bare array, or one under ``results`` or ``data``.

        Args:
            body: The response body.
            page: The number of the page, for errors.
            on_invalid: Whether a record that cannot be decoded is an error, or is left out and counted.

        Raises:
            DecodeError: If the page, or with ``on_invalid="raise"`` a record on it, cannot be decoded, or if
                it reports a failure.
        """
        body = without_mark(body)
        # The texts of raw records are not decoded, so nothing else checks them.
        if self._strict is not None and (not self._record.is_raw or is_utf8(body)):
            decoded = self._strict.decode(body)
            if decoded is not None:
                return decoded
        return self._decode_leniently(body, page, on_invalid)

    def _decode_leniently(self, body: bytes, page: int, on_invalid: OnInvalid) -> Page[T]:
        is_raw = self._record.is_raw
        replaced = replace_lone_surrogates(body) if is_raw else self._record.replace_lone_surrogates(body)
        rows, pagination = self._split(replaced, page)
        if replaced != body and is_raw:
            rows = rows_as_sent(body, replaced, rows)
        results: list[T] = []
        unreadable: list[UnreadableField] = []
        for index, row in enumerate(rows):
            try:
                results.append(self._record.decode_row(row, unreadable, page=page, index=index))
            except DecodeError as error:
                if on_invalid == "raise":
                    raise
                logger.warning("left out a record: %s", error)
        return Page(
            results=tuple(results),
            pagination=pagination,
            skipped=len(rows) - len(results),
            unreadable=tuple(unreadable),
        )

    def _split(self, body: bytes, page: int) -> tuple[list[Raw], Pagination | None]:
        transient = False
        try:
            if body.lstrip()[:1] == b"[":
                return _raw_array.decode(body), None
            envelope = _raw_envelope.decode(body)
            is_failure = reports_failure(envelope.statements())
            given = [rows for rows in (envelope.results, envelope.data) if rows is not UNSET]
            rows = self._rows(given)
            pagination = self._pagination(envelope.pagination, body, len(rows or ()))
            if rows is None and pagination is not None and pagination.total_results == 0:
                rows = self._no_rows(given)
            if rows is not None and not is_failure:
                return rows, pagination
            reason = "no array of records, neither bare nor under `results` or `data`"
        except DECODE_ERRORS as error:
            reason = f"it is not the JSON of a page ({type(error).__name__})"
            transient, is_failure = not is_json(body), False
        if is_failure or (not transient and self._is_failure(body)):
            raise failure_error(self._endpoint, page)
        raise DecodeError(
            f"cannot decode the response: {reason}",
            context=self._endpoint.context,
            page=page,
            path="$",
            transient=transient,
        )

    def _is_failure(self, body: bytes) -> bool:
        with suppress(*DECODE_ERRORS):
            return reports_failure(msgspec.json.decode(body))
        return False

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
        self._record.accept([Coercion("$.results", "an array", "an empty value")])
        return []

    def _pagination(self, pagination: Raw | UnsetType, body: bytes, rows: int) -> Pagination | None:
        if pagination is not UNSET:
            mismatches: list[Mismatch] = []
            reported = _reported(pagination, rows, mismatches)
            self._record.accept(mismatches)
            if reported is not None:
                return reported
        # These names may as well mean something else.
        parts = raw_object.decode(body)
        beside = {name: parts[name] for name in _PAGINATION_NAMES & parts.keys()}
        return _reported(msgspec.json.encode(beside), rows, []) if beside else None


def _reported(pagination: bytes | Raw, rows: int, mismatches: list[Mismatch]) -> Pagination | None:
    """Return the pagination of a page, without what cannot be read of it."""
    try:
        value = sent_value(pagination, None, mismatches.append)
        wire = decode_leniently(value, WirePagination, mismatches.append) if value else None
    except UndecodableError as error:
        mismatches.append(error)
        return None
    if wire is None:
        return None
    if any(not isinstance(mismatch, Coercion) for mismatch in mismatches):
        # Where one number is nonsense, a number of pages is no reason to stop.
        wire = replace(wire, totalPages=None, total_pages=None)
    return wire.to_pagination(rows)
