"""A watch over the whole test run: tokens, signatures and e-mail addresses of the tests must not come out.

Every log record, the output of every test and command, and every error that a test expects is searched, with
the errors chained to it, its variables and its pickle.
"""

from __future__ import annotations

import logging
import pickle
import re
from collections.abc import Iterator
from urllib.parse import quote

from tests.support.http_server import TOKEN

EMAIL = "planted.address.1@example.com"
"""An e-mail address of the form that the embedded server generates."""
SIGNATURE = f"X-Amz-Signature={'5' * 64}"
"""A signature as in the addresses of the embedded server's storage."""

CANARIES: re.Pattern[str] = re.compile(
    f"{re.escape(TOKEN)}|{re.escape(quote(TOKEN, safe=''))}"
    r"|\.[0-9]{1,9}@example\.(?:com|org)"
    r"|X-Amz-Signature=[0-9a-f]{64}"
)


def found_in(text: str) -> str | None:
    """Return the text around a canary; ``None`` if there is none."""
    found = CANARIES.search(text)
    return None if found is None else text[max(0, found.start() - 200) : found.end() + 50]


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all errors that are chained to it or grouped in it, suppressed ones too."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            left += [one.__cause__, one.__context__]
            left += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
            yield one


def is_ours(error: BaseException) -> bool:
    """Return whether the package raised an error, or any that is chained to it."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").startswith("sessionboard_async."):
            return True
        trace = trace.tb_next
    return False


def texts_of(error: BaseException) -> Iterator[str]:
    """Yield every text of an error: its own, its variables and its pickle, and those of chained errors."""
    for one in chain(error):
        yield f"{one} {one!r} {one.args!r} {vars(one)!r} {getattr(one, 'object', '')!r}"
    try:
        yield repr(pickle.dumps(error))
    except (TypeError, AttributeError, pickle.PicklingError):
        # Errors of other packages need not pickle.
        return


class CanaryWatch(logging.Handler):
    """Collects the canaries that came out since the last check."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Search a log record, with its arguments and its error."""
        self.search(f"the log of {record.name}", f"{record.getMessage()} {record.args!r}")
        if record.exc_info and record.exc_info[1] is not None:
            self.search_error(record.exc_info[1])

    def search_error(self, error: BaseException) -> None:
        """Search an error, if the package raised it."""
        if is_ours(error):
            for text in texts_of(error):
                self.search(f"a {type(error).__name__}", text)

    def search(self, where: str, text: str) -> None:
        """Search a text."""
        if (found := found_in(text)) is not None:
            self._found.append(f"{where}: ...{found}...")

    def take(self) -> list[str]:
        """Return the canaries found so far, and forget them."""
        found, self._found = self._found, []
        return found


WATCH = CanaryWatch()
"""The watch of this process."""
