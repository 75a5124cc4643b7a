"""Encoded answers that are kept, so that a client and not this server decides how fast pages come."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable


class EncodedAnswer:
    """The JSON of one answer, and the same as gzip once somebody asked for it."""

    __slots__ = ("_gzipped", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._gzipped: bytes | None = None

    @property
    def gzipped(self) -> bytes:
        """The body as gzip."""
        if self._gzipped is None:
            self._gzipped = compress(self.body)
        return self._gzipped


class AnswerCache:
    """The answers that were asked for last, up to a number of bytes.

    Args:
        capacity: The most bytes of JSON that are kept.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[Hashable, EncodedAnswer] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> EncodedAnswer:
        """Return the answer that belongs to a key, made now where it is not kept."""
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = EncodedAnswer(make())
            self._size += len(answer.body)
            while self._size > self._capacity and len(self._answers) > 1:
                self._size -= len(self._answers.popitem(last=False)[1].body)
        else:
            self._answers.move_to_end(key)
        return answer


def compress(body: bytes) -> bytes:
    """Return the body as gzip; the same bytes for the same body."""
    return zlib.compress(body, 6, 16 + zlib.MAX_WBITS)
