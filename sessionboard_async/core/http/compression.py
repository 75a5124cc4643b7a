"""Decompression of answers, whole or in chunks, within a limit on the size of the result.

One call for a whole body is faster than one per chunk. It is safe because every decompressor here takes the
maximum size of its result: the size in a gzip trailer can be wrong, and a few kilobytes can decompress to
gigabytes.
"""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Callable, Generator
from types import ModuleType
from typing import Protocol, cast

from sessionboard_async.errors import DecodeError, RequestContext, ResponseError, ResponseTooLargeError

_GZIP = 16 + zlib.MAX_WBITS

_LARGEST_PART = 1 << 20
"""The most bytes that are decompressed at once."""

_SMALLEST_SLICE = 1 << 12
_PADDING = b"\0\r\n"
"""Bytes that other programs ignore after gzip data."""


class _Decompressor(Protocol):
    """The interface that `zlib`, `isal` and the zstd packages share."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def _installed(*names: str) -> ModuleType | None:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


gzip_module: ModuleType = _installed("isal.isal_zlib") or zlib
"""The implementation of gzip: isal if installed, which is faster, else the standard library."""

_zstd = _installed("compression.zstd", "backports.zstd")
_brotli = _installed("brotli")


def _new_gzip() -> _Decompressor:
    return cast("_Decompressor", gzip_module.decompressobj(_GZIP))


def _new_zstd() -> _Decompressor:
    assert _zstd is not None  # noqa: S101  # reached only where the coding was registered
    return cast("_Decompressor", _zstd.ZstdDecompressor())


class _Brotli:
    """The decompressor of Brotli, with the interface of the others."""

    unused_data = b""

    def __init__(self) -> None:
        assert _brotli is not None  # noqa: S101  # reached only where the coding was registered
        self._process = _brotli.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._process.is_finished())

    def decompress(self, data: bytes, max_length: int) -> bytes:
        made = cast("bytes", self._process.process(data, output_buffer_limit=max_length))
        # It may return less than the limit although more is to come.
        while len(made) < max_length and not self._process.can_accept_more_data():
            made += self._process.process(b"", output_buffer_limit=max_length - len(made))
        return made


_CODINGS: dict[str, Callable[[], _Decompressor]] = {"gzip": _new_gzip}
if _zstd is not None:
    _CODINGS["zstd"] = _new_zstd
if _brotli is not None and hasattr(_brotli.Decompressor, "can_accept_more_data"):
    # Brotli before 1.2 cannot limit the size of the result.
    _CODINGS["br"] = _Brotli

ACCEPT_ENCODING = ", ".join(_CODINGS)
"""The supported codings: gzip always, the others if their packages are installed."""


def inflate(body: bytes, coding: str, limit: int, context: RequestContext | None = None) -> bytes:
    """Decompress a whole body.

    Args:
        body: The received bytes.
        coding: The value of ``Content-Encoding``. ``""`` and ``identity`` return the body unchanged.
        limit: The most bytes that the result may have.
        context: The request, which errors name.

    Raises:
        ResponseTooLargeError: If the result would be larger.
        DecodeError: If the data is invalid or cut short.
        ResponseError: If the coding is unknown.
    """
    coding, new = _coding(coding, context)
    if new is None or not body:
        return body
    first = new()
    part, problem = _decompress(first, body, min(limit + 1, sys.maxsize))
    if not problem and len(part) <= limit and not first.eof:
        problem = "is cut short"
    if problem:
        raise _invalid(coding, problem, context)
    made, size = [part], len(part)
    if size <= limit and (rest := first.unused_data):
        others = Inflater(coding, context, first=False)
        for part in others.feed(rest):
            made.append(part)
            size += len(part)
            if size > limit:
                break
        else:
            others.end()
    if size > limit:
        raise ResponseTooLargeError(
            f"the answer is larger than {limit} bytes when decompressed: raise max_response_bytes",
            context=context,
        )
    return made[0] if len(made) == 1 else b"".join(made)


class Inflater:
    """Decompresses a body that arrives in chunks.

    A gzip or zstd body may have several members. The time depends on the size of the body alone, however many
    members it has.

    Args:
        coding: The value of ``Content-Encoding``.
        context: The request, which errors name.
        first: Whether the body begins here; if not, a complete member went before.

    Raises:
        ResponseError: If the coding is unknown.
    """

    def __init__(self, coding: str, context: RequestContext | None = None, *, first: bool = True) -> None:
        self._coding, self._new = _coding(coding, context)
        self._context = context
        self._member: _Decompressor | None = None
        self._may_be_padding = not first
        # The rest of a slice after a member is copied: slices grow with the member.
        self._slice = _SMALLEST_SLICE

    def feed(self, data: bytes) -> Generator[bytes]:
        """Yield the decompressed parts of a chunk, each of a limited size.

        Raises:
            DecodeError: If the data is invalid.
        """
        if self._new is None:
            yield data
            return
        position = 0
        while position < len(data):
            given = data[position : position + self._slice]
            if self._member is None:
                if self._may_be_padding and self._coding == "gzip":
                    padding = len(given) - len(given.lstrip(_PADDING))
                    if padding:
                        position += padding
                        continue
                self._member = self._new()
            yield from self._parts(self._member, given)
            position += len(given)
            if self._member.eof:
                position -= len(self._member.unused_data)
                self._member, self._may_be_padding = None, True
                self._slice = _SMALLEST_SLICE
            else:
                self._slice = min(2 * self._slice, _LARGEST_PART)

    def end(self) -> None:
        """Check that the body was complete.

        Raises:
            DecodeError: If it was cut short.
        """
        if self._member is not None:
            raise _invalid(self._coding, "is cut short", self._context)

    def _parts(self, member: _Decompressor, data: bytes) -> Generator[bytes]:
        while True:
            part, problem = _decompress(member, data, _LARGEST_PART)
            if problem:
                raise _invalid(self._coding, problem, self._context)
            if part:
                yield part
            # Only zlib hands input back; the others keep it.
            data = getattr(member, "unconsumed_tail", b"")
            if member.eof or (len(part) < _LARGEST_PART and not data):
                return


def _coding(name: str, context: RequestContext | None) -> tuple[str, Callable[[], _Decompressor] | None]:
    """Return the usual name of a coding, and what decompresses it; ``None`` for no compression."""
    coding = name.strip().lower().removeprefix("x-")
    if coding in {"", "identity"}:
        return coding, None
    new = _CODINGS.get(coding)
    if new is None:
        raise ResponseError(
            f"the answer has a content coding that was not requested: {coding[:40]!r}", context=context
        )
    return coding, new


def _decompress(member: _Decompressor, data: bytes, most: int) -> tuple[bytes, str]:
    """Return decompressed bytes, and the problem with the data, if any."""
    try:
        return member.decompress(data, most), ""
    except Exception as error:  # noqa: BLE001  # each package raises an error class of its own
        return b"", f"is broken ({type(error).__name__})"


def _invalid(coding: str, problem: str, context: RequestContext | None) -> DecodeError:
    return DecodeError(f"the answer's {coding} data {problem}", transient=True, context=context)
