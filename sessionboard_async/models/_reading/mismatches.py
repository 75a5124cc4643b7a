"""The log of what does not fit the models: each place once."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from sessionboard_async.models._reading.lenient import (
    Coercion,
    Mismatch,
    UndecodableError,
    without_positions,
)

logger: logging.Logger = logging.getLogger("sessionboard_async")


class MismatchLog:
    """Logs the mismatches of one operation, once for each place and kind.

    Args:
        operation_id: The operation.
    """

    def __init__(self, operation_id: str) -> None:
        self._operation_id = operation_id
        self._logged: set[tuple[str, ...]] = set()

    def add(self, mismatch: Mismatch) -> None:
        """Log a value that was converted, or left out."""
        if isinstance(mismatch, Coercion):
            if self._is_new(*mismatch):
                logger.warning(
                    "%s: unexpected type at %s: expected %s, got %s; decoded leniently",
                    self._operation_id,
                    *mismatch,
                )
            return
        path = without_positions(mismatch.path)
        if self._is_new(path):
            logger.warning(
                "%s: unexpected type at %s: expected %s, got %s; it cannot be read, and counts as missing",
                self._operation_id,
                path,
                mismatch.expected,
                mismatch.actual,
            )

    def warn(self, path: str, message: str) -> None:
        """Log something else about a place."""
        if self._is_new(path, message):
            logger.warning("%s: %s", self._operation_id, message)

    def _is_new(self, *key: str) -> bool:
        is_new = key not in self._logged
        self._logged.add(key)
        return is_new


def first_lost(mismatches: Iterable[Mismatch]) -> UndecodableError | None:
    """Return the error of the first value that cannot be read; ``None`` if there is none.

    A date that cannot be parsed is none: it says as little as a missing one.
    """
    errors = (mismatch for mismatch in mismatches if isinstance(mismatch, UndecodableError))
    return next((error for error in errors if error.expected != "a date"), None)
