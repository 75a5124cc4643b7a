"""Decompression of whole answers, with a limit on the size of the result.

One call for the whole body is faster than one per chunk. It is safe because every decompressor here takes the
maximum size of its result: the size in a gzip trailer can be wrong, and a few kilobytes can decompress to
gigabytes.
"""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import Protocol, cast

from sessionboard_async.errors import DecodeError, RequestContext, ResponseError, ResponseTooLargeError

_GZIP = 16 + zlib.MAX_WBITS

# Each member costs a copy of all bytes after it.
_MOST_MEMBERS = 1000


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
        return cast("bytes", self._process.process(data, output_buffer_limit=max_length))


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
    coding = coding.strip().lower().removeprefix("x-")
    if coding in {"", "identity"}:
        return body
    new = _CODINGS.get(coding)
    if new is None:
        raise ResponseError(
            f"the answer has a content coding that was not requested: {coding[:40]!r}", context=context
        )
    made: list[bytes] = []
    left = limit
    # A gzip or zstd body may have several members.
    while body:
        if len(made) == _MOST_MEMBERS:
            raise ResponseError(
                f"the answer's {coding} data has more than {_MOST_MEMBERS} members", context=context
            )
        part, body, problem = _one_member(new(), body, left)
        if problem:
            raise DecodeError(f"the answer's {coding} data {problem}", transient=True, context=context)
        left -= len(part)
        if left < 0:
            raise ResponseTooLargeError(
                f"the answer is larger than {limit} bytes when decompressed: raise max_response_bytes",
                context=context,
            )
        made.append(part)
    return made[0] if len(made) == 1 else b"".join(made)


def _one_member(decompressor: _Decompressor, body: bytes, left: int) -> tuple[bytes, bytes, str]:
    """Return one decompressed member, the bytes after it, and the problem with it, if any."""
    try:
        part = decompressor.decompress(body, min(left + 1, sys.maxsize))
    except Exception as error:  # noqa: BLE001  # each package raises an error class of its own
        return b"", b"", f"is broken ({type(error).__name__})"
    if len(part) <= left and not decompressor.eof:
        return b"", b"", "is cut short"
    return part, decompressor.unused_data, ""
