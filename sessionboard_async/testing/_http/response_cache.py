"""Caches of encoded answers, so that the client and not the server limits the speed of pages."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

JSON = "application/json; charset=utf-8"


class EncodedAnswer:
    """The bytes of one answer, also as gzip once a client has asked for it.

    Args:
        body: The bytes.
        status: The HTTP status.
        content_type: The media type of the bytes.
    """

    __slots__ = ("_gzipped", "body", "content_type", "status")

    def __init__(self, body: bytes, status: int = 200, content_type: str = JSON) -> None:
        self.body = body
        self.status = status
        self.content_type = content_type
        self._gzipped: bytes | None = None

    @property
    def gzipped(self) -> bytes:
        """The body as gzip."""
        if self._gzipped is None:
            self._gzipped = compress(self.body)
        return self._gzipped


class AnswerCache:
    """The most recently used answers, up to a number of bytes.

    Args:
        capacity: The maximum size in bytes, not counting compressed copies.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[Hashable, EncodedAnswer] = OrderedDict()

    def find(self, key: Hashable) -> EncodedAnswer | None:
        """Return the answer of a key; ``None`` if it is not kept."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def keep(self, key: Hashable, answer: EncodedAnswer) -> None:
        """Keep the answer of a key, and forget those that were not used for longest."""
        replaced = self._answers.pop(key, None)
        self._size += len(answer.body) - (0 if replaced is None else len(replaced.body))
        self._answers[key] = answer
        while self._size > self._capacity and len(self._answers) > 1:
            self._size -= len(self._answers.popitem(last=False)[1].body)


class ExpiringAnswers:
    """Answers that are repeated for a number of seconds.

    Args:
        seconds: The lifetime of an answer in seconds.
        now: The clock, in seconds.
        capacity: The maximum size in bytes; the oldest answers are forgotten early.
    """

    def __init__(self, seconds: float, now: Callable[[], float], capacity: int) -> None:
        self._seconds = seconds
        self._now = now
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[Hashable, tuple[float, EncodedAnswer]] = OrderedDict()

    def find(self, key: Hashable) -> EncodedAnswer | None:
        """Return the answer of a key; ``None`` if there is none that is recent enough."""
        # Answers are stored in the order of their creation.
        while self._answers and next(iter(self._answers.values()))[0] <= self._now() - self._seconds:
            self._forget()
        found = self._answers.get(key)
        return None if found is None else found[1]

    def keep(self, key: Hashable, answer: EncodedAnswer) -> None:
        """Keep an answer that was created now. Its key has none."""
        self._answers[key] = self._now(), answer
        self._size += len(answer.body)
        while self._size > self._capacity and len(self._answers) > 1:
            self._forget()

    def _forget(self) -> None:
        _, (_, answer) = self._answers.popitem(last=False)
        self._size -= len(answer.body)


class CachedAnswer(NamedTuple):
    """The place of one answer in a cache."""

    cache: AnswerCache | ExpiringAnswers
    key: Hashable

    def find(self) -> EncodedAnswer | None:
        """Return the answer; ``None`` if it is not there."""
        return self.cache.find(self.key)

    def keep(self, answer: EncodedAnswer) -> None:
        """Keep the answer."""
        self.cache.keep(self.key, answer)


def compress(body: bytes) -> bytes:
    """Return the body as gzip, at the fastest level; equal bodies give equal bytes."""
    return zlib.compress(body, 1, 16 + zlib.MAX_WBITS)
