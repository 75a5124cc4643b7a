"""What can be made to go wrong, and when."""

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
    "redirect",
    "wrong_page",
    "empty_page",
]

_OPTIONS: dict[str, tuple[str, ...]] = {
    "slow": ("interval",),
    "status": ("status", "retry_after"),
    "redirect": ("location",),
}
_REQUIRED = {"status": "status", "redirect": "location"}
_EVERYWHERE = ("kind", "on", "every", "operation", "times")


@dataclass(frozen=True, eq=False)
class Fault:
    """Something that goes wrong on chosen requests.

    ======================  ==================================================================================
    ``refuse``              the connection is reset (RST) without an answer
    ``close_before``        the connection is closed in an orderly way without an answer
    ``close_midway``        headers and half of the body are sent, then the connection is closed
    ``truncate``            the answer is complete as HTTP, but its JSON stops in the middle
    ``wrong_content_type``  the right answer calls itself ``text/html``
    ``invalid_json``        an HTML page calls itself ``application/json``
    ``slow``                the answer comes in ten pieces, with ``interval`` seconds before each
    ``status``              the answer is an error with ``status``, and ``Retry-After`` if given
    ``redirect``            the answer is 302 to ``location``
    ``wrong_page``          page 1 is answered, whatever page was asked for
    ``empty_page``          the page asked for has no records, though the totals say that it has
    ======================  ==================================================================================

    A connection can only be refused in the strict sense while nobody listens: ``await server.stop()`` does
    that, and ``await server.start()`` listens on the same port again.

    Args:
        kind: What goes wrong.
        on: It happens once, on the n-th matching request, counted from 1. Retries count.
        every: It happens on every n-th matching request.
        operation: Only requests of this ``operationId`` match; ``None`` matches those of every operation.
        times: With ``every``: after so many times it does not happen again.
        interval: For ``slow``: seconds before each piece; 0.1 unless given.
        status: For ``status``: the HTTP status, 400 to 599.
        retry_after: For ``status``: the value of ``Retry-After``, in seconds, or an HTTP date.
        location: For ``redirect``: the URL to go to.

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
            raise ValueError(f"no fault is called {self.kind!r}; there are {', '.join(kinds)}")
        if (self.on is None) == (self.every is None):
            raise ValueError("a fault needs either on= or every=")
        for name in ("on", "every", "times"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name} counts from 1")
        if self.times is not None and self.every is None:
            raise ValueError("times= goes with every=: a fault with on= happens once")
        allowed = (*_EVERYWHERE, *_OPTIONS.get(self.kind, ()))
        for field in fields(self):
            if field.name not in allowed and getattr(self, field.name) is not None:
                raise ValueError(f"{field.name}= does not belong to a fault of kind {self.kind!r}")
        if (required := _REQUIRED.get(self.kind)) and getattr(self, required) is None:
            raise ValueError(f"a fault of kind {self.kind!r} needs {required}=")
        if self.status is not None and not 400 <= self.status <= 599:
            raise ValueError("status must be an error: 400 to 599")

    def happens(self, count: int) -> bool:
        """Tell whether it happens on the ``count``-th matching request."""
        if self.every is None:
            return count == self.on
        return count % self.every == 0 and (self.times is None or count // self.every <= self.times)


class FaultCounter:
    """Counts the requests that each fault matches, from the moment the fault is first seen."""

    def __init__(self) -> None:
        self._counts: dict[Fault, int] = {}

    def next(self, faults: Iterable[Fault], operation: str) -> Fault | None:
        """Count one request, and return the first fault that happens on it."""
        faults = list(faults)
        self._counts = {fault: self._counts.get(fault, 0) for fault in faults}
        happening: Fault | None = None
        for fault in faults:
            if fault.operation in (None, operation):
                self._counts[fault] += 1
                if happening is None and fault.happens(self._counts[fault]):
                    happening = fault
        return happening
