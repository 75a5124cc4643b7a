"""Pages of records as gzip, at little cost: most records are compressed once, for every page that holds them.

Otherwise pages that were requested before would come faster than others, to the disadvantage of clients that
request other pages each time.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

LEVEL = 6

_RAW = -zlib.MAX_WBITS
_WINDOW = 1 << zlib.MAX_WBITS
_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_FIRST = 8
"""The records at the start of a page, which are compressed together. Others refer to as many before them."""
_KEPT = 8192


class GzipPages:
    """Compresses the pages of a sequence of records.

    Args:
        record: Returns the record with an index.
    """

    def __init__(self, record: Callable[[int], bytes]) -> None:
        self._record = record
        self._start = lru_cache(_KEPT)(self._compress_start)
        self._next = lru_cache(_KEPT)(self._compress_next)

    def page(self, before: bytes, shown: Sequence[int], after: bytes) -> bytes:
        """Return a page: the records with consecutive indexes, separated by commas, between two texts."""
        body = b"".join((before, b",".join(map(self._record, shown)), after))
        parts = [_HEADER, self._start(before, tuple(shown[:_FIRST]))]
        parts += map(self._next, shown[_FIRST:])
        end = zlib.compressobj(LEVEL, wbits=_RAW)
        parts += (end.compress(after), end.flush(), struct.pack("<II", zlib.crc32(body), len(body)))
        return b"".join(parts)

    def _compress_start(self, before: bytes, shown: tuple[int, ...]) -> bytes:
        start = zlib.compressobj(LEVEL, wbits=_RAW)
        records = b",".join(map(self._record, shown))
        return start.compress(before + records) + start.flush(zlib.Z_SYNC_FLUSH)

    def _compress_next(self, index: int) -> bytes:
        earlier = b",".join(map(self._record, range(index - _FIRST, index)))
        follower = zlib.compressobj(LEVEL, wbits=_RAW, zdict=earlier[-_WINDOW:])
        return follower.compress(b"," + self._record(index)) + follower.flush(zlib.Z_SYNC_FLUSH)
