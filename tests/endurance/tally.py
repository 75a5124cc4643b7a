"""Counts of what happened in a run, and everything that should not have happened."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, field

from sessionboard_async import (
    AttemptTimeoutError,
    BulkInterruptedError,
    ClientClosedError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceededError,
    DecodeError,
    RateLimitError,
    RateLimitWaitExceeded,
    ServerError,
    SessionboardError,
)

EXPECTED = (
    AttemptTimeoutError,
    BulkInterruptedError,
    ClientClosedError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceededError,
    DecodeError,
    RateLimitError,
    RateLimitWaitExceeded,
    ServerError,
)
"""The errors that the faults of a run may cause: no request is wrong, and no page contradicts another."""

_MOST_FAILURES = 20


@dataclass
class Tally:
    """Counts of a run.

    Attributes:
        operations: Operations by kind.
        endings: How the attempts of operations ended.
        errors: Errors of the package by type.
        faults: Faults of the server by kind.
        streams: Streams that were begun.
        records: Records that streams delivered.
        failures: What should not have happened.
    """

    operations: Counter[str] = field(default_factory=Counter[str])
    endings: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    streams: int = 0
    records: int = 0
    failures: list[str] = field(default_factory=list[str])

    @property
    def has_failed(self) -> bool:
        """Whether more failures would say nothing new."""
        return len(self.failures) >= _MOST_FAILURES

    def fail(self, text: str) -> None:
        """Note a failure; the first ones say enough."""
        if not self.has_failed:
            self.failures.append(text)

    def error(self, error: BaseException, where: str, also: tuple[type[SessionboardError], ...] = ()) -> None:
        """Count an error that a call raised; it is a failure if no fault of the server explains it."""
        self.errors[type(error).__name__] += 1
        if not isinstance(error, SessionboardError) or not isinstance(error, (*EXPECTED, *also)):
            trace = "".join(traceback.format_exception(error))
            self.fail(f"{where}: unexpected {trace}")

    def check(self, holds: bool, text: str) -> None:
        """Note a failure unless something holds."""
        if not holds:
            self.fail(text)

    def line(self) -> str:
        """Return the counts in one line."""
        return (
            f"{self.streams} streams, {self.records} records, {self.operations.total()} operations, "
            f"{self.faults.total()} faults, {self.errors.total()} errors, {len(self.failures)} failures"
        )

    def report(self) -> str:
        """Return all counts, one kind a line."""
        named = {
            "operations": self.operations,
            "endings": self.endings,
            "faults": self.faults,
            "errors": self.errors,
        }
        parts = [f"{name}: {_listed(counts)}" for name, counts in named.items()]
        return "\n".join([self.line(), *parts])


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
