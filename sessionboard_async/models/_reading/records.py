"""Records read from JSON that did not come as an answer: a line of an export, a value of a caller."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from sessionboard_async.models._reading.lenient import (
    Mismatch,
    UndecodableError,
    decode_leniently,
    is_object,
)
from sessionboard_async.models._reading.mismatches import MismatchLog, first_lost
from sessionboard_async.models._reading.sent_values import sent_value
from sessionboard_async.models._reading.text import replace_lone_surrogates

S = TypeVar("S", bound=msgspec.Struct)

_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MARK = b"\xef\xbb\xbf"
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Reader:
    """Reads records of one class.

    Args:
        type_: The class. It is open if it has the field ``as_sent``.
    """

    def __init__(self, type_: type[msgspec.Struct]) -> None:
        self._type = type_
        self._decoder = msgspec.json.Decoder(type_)
        self._default = type_()
        self._names = frozenset(field.encode_name for field in msgspec.structs.fields(type_))
        self._is_open = "as_sent" in self._names
        self._log = MismatchLog(f"{type_.__name__}.from_json")

    def read(self, body: bytes) -> tuple[msgspec.Struct, object]:
        """Read a record; return it, and the object that holds it where the class is open.

        Raises:
            ValueError: If it cannot be read.
        """
        failure: str
        try:
            record = self._decoder.decode(body)
        except _ERRORS:
            pass  # It is read leniently, below.
        else:
            if self._is_open or record != self._default or self._is_known(body):
                return record, msgspec.json.decode(body) if self._is_open else None
        # Nothing is raised in a handler: that error would keep the first one, which holds the text.
        try:
            return self._read_leniently(body)
        except UndecodableError as error:
            failure = f"expected {error.expected}, got {error.actual} at {error.path}"
        except _ERRORS as error:
            failure = f"it is no JSON ({type(error).__name__})"
        raise ValueError(f"cannot read a {self._type.__name__}: {failure}")

    def _is_known(self, body: bytes) -> bool:
        names = _raw_object.decode(body).keys()
        return not names or not self._names.isdisjoint(names)

    def _read_leniently(self, body: bytes) -> tuple[msgspec.Struct, object]:
        mismatches: list[Mismatch] = []
        value = sent_value(body, None if self._is_open else self._names, mismatches.append)
        if not is_object(value):
            raise UndecodableError("$", "an object", "a value of another type")
        record = decode_leniently(value, self._type, mismatches.append)
        is_unnamed = "id" in self._names and getattr(record, "id", None) is None
        if is_unnamed and not self._is_open and (lost := first_lost(mismatches)) is not None:
            raise lost
        for mismatch in mismatches:
            self._log.add(mismatch)
        return record, value


@lru_cache(maxsize=256)
def _reader(type_: type[msgspec.Struct]) -> _Reader:
    return _Reader(type_)


def read_record(text: str | bytes, type_: type[S]) -> tuple[S, object]:
    """Read a record from JSON as tolerantly as from an answer.

    Args:
        text: A JSON object.
        type_: The class of the record, all fields of which have a default.

    Returns:
        The record, and for an open one all values of the object, without those that cannot be decoded.

    Raises:
        ValueError: If it cannot be read.
        TypeError: If it is neither text nor bytes.
    """
    if not isinstance(text, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"the JSON of a record must be str or bytes, not {type(text).__name__}")
    body = replace_lone_surrogates(_utf8(text).removeprefix(_MARK))
    return cast("tuple[S, object]", _reader(type_).read(body))


def _utf8(text: str | bytes) -> bytes:
    if not isinstance(text, str):
        return bytes(text)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Halves of surrogate pairs, which UTF-8 cannot hold. Two that belong together become one.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def encode_values(values: Mapping[str, Any]) -> bytes:
    """Encode the values of a record as JSON.

    Raises:
        TypeError: If they are no mapping, or one of them cannot be JSON.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"the values of a record must be a mapping, not {type(values).__name__}")
    try:
        return msgspec.json.encode(dict(values))
    except UnicodeEncodeError:
        # Halves of surrogate pairs, as `json.loads` returns them.
        return json.dumps(msgspec.to_builtins(dict(values))).encode()
