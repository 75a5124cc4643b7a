"""Caches of encoded answers, so that the client and not the server limits the speed of pages."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable

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

    def get(self, key: Hashable, make: Callable[[], EncodedAnswer]) -> EncodedAnswer:
        """Return the answer of a key, creating it if it is not cached."""
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = make()
            self._size += len(answer.body)
            while self._size > self._capacity and len(self._answers) > 1:
                self._size -= len(self._answers.popitem(last=False)[1].body)
        else:
            self._answers.move_to_end(key)
        return answer


class ExpiringAnswers:
    """Answers that are repeated for a number of seconds.

    Args:
        seconds: The lifetime of an answer in seconds.
        now: The clock, in seconds.
    """

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        self._seconds = seconds
        self._now = now
        self._answers: dict[Hashable, tuple[float, EncodedAnswer]] = {}

    def get(self, question: Hashable, make: Callable[[], EncodedAnswer]) -> EncodedAnswer:
        """Return the answer to a question, creating it if there is none that is recent enough."""
        now = self._now()
        # Answers are stored in the order of their creation.
        while self._answers and next(iter(self._answers.values()))[0] <= now - self._seconds:
            del self._answers[next(iter(self._answers))]
        if question not in self._answers:
            self._answers[question] = now, make()
        return self._answers[question][1]


def compress(body: bytes) -> bytes:
    """Return the body as gzip, at the fastest level; equal bodies give equal bytes."""
    return zlib.compress(body, 1, 16 + zlib.MAX_WBITS)
