"""Random faults of a server, and its record of the writes that may have been carried out."""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import Any

import msgspec

from sessionboard_async.core.endpoint import ENDPOINTS
from sessionboard_async.testing import EmbeddedServer, Fault, RecordedRequest

MARK = re.compile(rb"mark-\d+-\d+")
"""A text that only one call sends."""

Write = tuple[str, str, bytes]
"""A write: its operation, its path, and the mark in its body, or the body."""

_TOO_MANY_REQUESTS = 429


class Journal:
    """Counts the writes that reached a server, without those that were refused for the rate limit.

    A client may repeat only the refused ones, so that no other write may come twice.

    Args:
        server: The server, whose first fault must be the journal's ``witness``.
        met: The faults that were met, by name.
    """

    def __init__(self, server: EmbeddedServer, met: Counter[str]) -> None:
        self._server = server
        self._met = met
        self._last: Write | None = None
        self._refusals = 0
        self.writes: Counter[Write] = Counter()
        self.witness = _Witness(self)

    @property
    def repeated(self) -> list[Write]:
        """The writes that came more than once."""
        self._settle()
        return [write for write, count in self.writes.items() if count > 1]

    @property
    def has_json_answer(self) -> bool:
        """Whether the answer to the last request is JSON."""
        operation = self._server.requests[-1].operation
        return operation is not None and ENDPOINTS[operation].answer is not None

    def arrived(self) -> None:
        """Note the request that has just arrived."""
        self._settle()
        request = self._server.requests[-1]
        if request.operation is None or ENDPOINTS[request.operation].idempotent:
            return
        body = _bytes_of(request)
        mark = MARK.search(body)
        self._last = (request.operation, request.path, mark[0] if mark else body)
        self._refusals = self._server.refusals

    def met(self, fault: Fault, name: str) -> None:
        """Note the fault that the request has just met."""
        self._met[name] += 1
        if fault.status == _TOO_MANY_REQUESTS:
            self._last = None

    def _settle(self) -> None:
        # The server's own limits refuse a request only after its fault is chosen.
        if self._last is not None and self._server.refusals == self._refusals:
            self.writes[self._last] += 1
        self._last = None


class _Witness(Fault):
    """A fault that never happens, and so is asked at every request."""

    _journal: Journal

    def __init__(self, journal: Journal) -> None:
        super().__init__("refuse", every=1)
        object.__setattr__(self, "_journal", journal)  # faults are frozen

    def happens(self, count: int) -> bool:
        self._journal.arrived()
        return False


class RandomFault(Fault):
    """A fault that happens with a probability, drawn for each request."""

    _draw: tuple[float, Random, Journal, str]

    def __init__(self, probability: float, random: Random, journal: Journal, name: str, **fault: Any) -> None:
        super().__init__(every=1, **fault)
        object.__setattr__(self, "_draw", (probability, random, journal, name))

    def happens(self, count: int) -> bool:
        probability, random, journal, name = self._draw
        if random.random() >= probability or (name in UNUSABLE and not journal.has_json_answer):
            return False
        journal.met(self, name)
        return True


UNUSABLE = ("truncate", "invalid_json", "wrong_content_type", "html_200")
"""The faults that only a client that expects JSON can notice."""

FAULTS: dict[str, tuple[float, dict[str, Any]]] = {
    "refuse": (0.004, {"kind": "refuse"}),
    "close_before": (0.004, {"kind": "close_before"}),
    "close_midway": (0.004, {"kind": "close_midway"}),
    "truncate": (0.002, {"kind": "truncate"}),
    "invalid_json": (0.002, {"kind": "invalid_json"}),
    "wrong_content_type": (0.002, {"kind": "wrong_content_type"}),
    "html_200": (0.002, {"kind": "html", "status": 200}),
    "html_502": (0.004, {"kind": "html", "status": 502}),
    "status_500": (0.004, {"kind": "status", "status": 500}),
    "status_503": (0.003, {"kind": "status", "status": 503, "retry_after": 0}),
    "status_504": (0.002, {"kind": "status", "status": 504}),
    "status_429": (0.001, {"kind": "status", "status": 429}),
    "status_429_now": (0.001, {"kind": "status", "status": 429, "retry_after": 0}),
    "status_429_later": (0.0003, {"kind": "status", "status": 429, "retry_after": 1}),
    "slow": (0.006, {"kind": "slow", "interval": 0.003}),
}
"""The faults by name: how probable each is, and its arguments."""


def random_faults(server: EmbeddedServer, journal: Journal, random: Random) -> None:
    """Let requests meet random faults, in small doses."""
    server.faults = [
        journal.witness,
        *(
            RandomFault(probability, random, journal, name, **fault)
            for name, (probability, fault) in FAULTS.items()
        ),
    ]


def _bytes_of(request: RecordedRequest) -> bytes:
    body = request.body
    return body if isinstance(body, bytes) else msgspec.json.encode(body)
