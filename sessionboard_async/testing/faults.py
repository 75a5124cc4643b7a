"""Faults of the embedded server, and the requests they apply to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, fields
from typing import Literal, get_args

FaultKind = Literal[
    "refuse",
    "close_before",
    "close_midway",
    "truncate",
    "wrong_content_type",
    "invalid_json",
    "slow",
    "status",
    "html",
    "redirect",
    "wrong_page",
    "empty_page",
]
"""The kind of a fault."""

_OPTIONS: dict[str, tuple[str, ...]] = {
    "slow": ("interval",),
    "status": ("status", "retry_after"),
    "html": ("status",),
    "redirect": ("location",),
}
_REQUIRED = {"status": "status", "html": "status", "redirect": "location"}
_EVERYWHERE = ("kind", "on", "every", "operation", "times")


@dataclass(frozen=True, eq=False)
class Fault:
    """A fault on chosen requests.

    ======================  ==================================================================================
    ``refuse``              reset the connection (RST) without an answer
    ``close_before``        close the connection cleanly without an answer
    ``close_midway``        send the headers and half of the body, then close the connection
    ``truncate``            send an answer that is complete as HTTP but whose JSON stops in the middle
    ``wrong_content_type``  send the right answer as ``text/html``
    ``invalid_json``        send an HTML page as ``application/json``
    ``slow``                send the answer in ten pieces, with ``interval`` seconds before each
    ``status``              answer with the error ``status``, and with ``Retry-After`` if given
    ``html``                answer with an HTML page and ``status``, as a proxy or a firewall does
    ``redirect``            answer with 302 to ``location``
    ``wrong_page``          answer with page 1, whatever page was requested
    ``empty_page``          answer with a page without records, though the totals say it has some
    ======================  ==================================================================================

    An answer without a body arrives complete with ``close_midway``, ``truncate`` and ``slow``.

    A connection is truly refused only while no server listens: use ``await server.stop()`` for that, and
    ``await server.start()`` to listen on the same port again.

    Args:
        kind: The kind of fault, from the table above.
        on: Apply the fault once, to the n-th matching request, counted from 1. Retries count.
        every: Apply the fault to every n-th matching request.
        operation: Match only requests of this ``operationId``; ``None`` matches every operation.
        times: With ``every``: the number of times after which the fault stops.
        interval: For ``slow``: seconds before each piece, 0.1 by default.
        status: For ``status`` and ``html``: the HTTP status, 400 to 599; for ``html`` also 200.
        retry_after: For ``status``: the value of ``Retry-After``, in seconds or as an HTTP date.
        location: For ``redirect``: the target URL.

    Raises:
        ValueError: If the kind is unknown, an option does not belong to it, or not exactly one of ``on`` and
            ``every`` is given.
    """

    kind: FaultKind
    _: KW_ONLY
    on: int | None = None
    every: int | None = None
    operation: str | None = None
    times: int | None = None
    interval: float | None = None
    status: int | None = None
    retry_after: float | str | None = None
    location: str | None = None

    def __post_init__(self) -> None:
        kinds = get_args(FaultKind)
        if self.kind not in kinds:
            raise ValueError(f"unknown kind of fault {self.kind!r}; the kinds are {', '.join(kinds)}")
        if (self.on is None) == (self.every is None):
            raise ValueError("a fault needs either on= or every=")
        for name in ("on", "every", "times"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.times is not None and self.every is None:
            raise ValueError("times= goes with every=: a fault with on= happens once")
        allowed = (*_EVERYWHERE, *_OPTIONS.get(self.kind, ()))
        for field in fields(self):
            if field.name not in allowed and getattr(self, field.name) is not None:
                raise ValueError(f"{field.name}= does not belong to a fault of kind {self.kind!r}")
        if (required := _REQUIRED.get(self.kind)) and getattr(self, required) is None:
            raise ValueError(f"a fault of kind {self.kind!r} needs {required}=")
        is_page = self.kind == "html" and self.status == 200
        if self.status is not None and not 400 <= self.status <= 599 and not is_page:
            raise ValueError("status must be an error, 400 to 599, or 200 for an HTML page")

    def happens(self, count: int) -> bool:
        """Return whether the fault applies to a matching request.

        Args:
            count: The number of the request among those that match, from 1.
        """
        if self.every is None:
            return count == self.on
        return count % self.every == 0 and (self.times is None or count // self.every <= self.times)


class FaultCounter:
    """Counts the matching requests of each fault, from the first request after the fault was added."""

    def __init__(self) -> None:
        self._counts: dict[Fault, int] = {}

    def next(self, faults: Iterable[Fault], operation: str) -> Fault | None:
        """Count one request, and return the first fault that applies to it."""
        faults = list(faults)
        self._counts = {fault: self._counts.get(fault, 0) for fault in faults}
        happening: Fault | None = None
        for fault in faults:
            if fault.operation in (None, operation):
                self._counts[fault] += 1
                if happening is None and fault.happens(self._counts[fault]):
                    happening = fault
        return happening
