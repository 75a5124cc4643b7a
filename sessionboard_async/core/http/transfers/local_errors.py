"""Failures of local files, as distinct from failures of the network."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


class LocalFileError(Exception):
    """A failure to read the source or to write the target.

    Attributes:
        error: The exception of the operating system or of the caller's object.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception = error


@contextmanager
def local_errors() -> Generator[None]:
    """Raise each exception as a ``LocalFileError``, from which the transport takes it again."""
    failure: LocalFileError | None = None
    try:
        yield
    except Exception as error:  # noqa: BLE001  # raised again by the transport
        failure = LocalFileError(error)
    if failure is not None:
        raise failure
