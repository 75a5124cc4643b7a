"""The decoders of a client, and that of answers without a record."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec

from sessionboard_async.core.confirmations import (
    confirms,
    is_phrase_of_success,
    lists_failures,
    reports_failure,
    without_mark,
)
from sessionboard_async.core.decoding.envelopes import KeyedRecord, StrictPages
from sessionboard_async.core.decoding.pages import PageDecoder
from sessionboard_async.core.decoding.records import DECODE_ERRORS, RecordDecoder, failure_error
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.errors import DecodeError
from sessionboard_async.models._reading.text import is_json, replace_lone_surrogates

T = TypeVar("T")

_MOST_CALLER_TYPES = 256
"""How many decoders for types of callers are kept: these may be made at run time, without end."""


class ConfirmationDecoder:
    """Decodes the answers of an operation whose success has no content, such as a deletion.

    Args:
        endpoint: The operation, for errors.
    """

    def __init__(self, endpoint: Endpoint[object]) -> None:
        self._endpoint = endpoint

    def decode(self, body: bytes) -> Any:
        """Check that an answer confirms what was requested: by nothing, a record, a message, or a word.

        Raises:
            DecodeError: If it reports a failure, or is something else, such as a web page.
        """
        body = without_mark(body).strip()
        if not body or is_phrase_of_success(body):
            return
        reason, value = "", None
        try:
            value = msgspec.json.decode(replace_lone_surrogates(body))
        except DECODE_ERRORS as error:
            reason = f"it is not JSON ({type(error).__name__})"
        if not reason:
            if reports_failure(value) or lists_failures(value):
                raise failure_error(self._endpoint)
            if confirms(value) or isinstance(value, (dict, list)):
                return
            reason = "it is neither empty nor a record nor a message"
        raise DecodeError(
            f"the answer does not confirm that this was done: {reason}",
            context=self._endpoint.context,
            path="$",
            transient=not is_json(body),
        )


class Decoders:
    """The decoders of a client, each created on first use and then kept.

    Args:
        is_strict: Whether an answer that does not fit the models in any detail is an error.
    """

    def __init__(self, *, is_strict: bool = False) -> None:
        self._is_strict = is_strict
        self._records: dict[str, RecordDecoder[Any] | ConfirmationDecoder] = {}
        self._pages: dict[tuple[str, object], PageDecoder[Any]] = {}
        self._keyed: dict[tuple[str, object, str | None], PageDecoder[Any]] = {}

    def record(self, endpoint: Endpoint[T]) -> RecordDecoder[T] | ConfirmationDecoder:
        """Return the decoder of an operation that returns one record, or none."""
        decoder = self._records.get(endpoint.operation_id)
        if decoder is None:
            if endpoint.answer is None:
                decoder = ConfirmationDecoder(endpoint)
            else:
                decoder = RecordDecoder(cast("type[T]", endpoint.answer), endpoint, is_strict=self._is_strict)
            self._records[endpoint.operation_id] = decoder
        return decoder

    def pages(self, endpoint: Endpoint[object], type_: type[T]) -> PageDecoder[T]:
        """Return the decoder of an operation's pages, for records of a type."""
        key = (endpoint.operation_id, type_)
        decoder = self._pages.get(key)
        if decoder is None:
            record = RecordDecoder(type_, endpoint, is_strict=self._is_strict)
            # Open records keep what was sent, record by record; such pages are small.
            strict = None if record.is_open else StrictPages(type_)
            decoder = self._pages[key] = PageDecoder(record, strict, endpoint)
        return decoder

    def keyed_pages(
        self, endpoint: Endpoint[object], type_: type[T], timestamp: str | None
    ) -> PageDecoder[KeyedRecord[T]]:
        """Return the decoder of an operation's pages, for records of a caller's type.

        Args:
            endpoint: The operation.
            type_: The caller's type.
            timestamp: The API's name of the timestamp to read beside it; ``None`` for none.
        """
        key = (endpoint.operation_id, type_, timestamp)
        decoder = self._keyed.get(key)
        if decoder is None:
            # Imported here, since most programs read the records of the package.
            from sessionboard_async.core.decoding.keyed import keyed_page_decoder

            while len(self._keyed) >= _MOST_CALLER_TYPES:
                del self._keyed[next(iter(self._keyed))]
            decoder = self._keyed[key] = keyed_page_decoder(
                type_, endpoint, timestamp, is_strict=self._is_strict
            )
        return decoder
