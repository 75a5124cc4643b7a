"""Text from outside, made safe for a terminal and for one line of a log."""

from __future__ import annotations

import logging
import re

# Control characters, marks that reorder or break lines, byte order marks and halves of surrogate pairs. Other
# invisible characters stay: Persian words and many emoji need the joiners, French the non-breaking spaces.
UNPRINTABLE: re.Pattern[str] = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]+"
)
"""Characters that could control a terminal, forge a line, or not be written at all."""


def printable(text: str) -> str:
    r"""Return a text with the escape sequence of Python (``\x1b``) for each unprintable character."""
    return text if text.isprintable() else UNPRINTABLE.sub(_escaped, text)


def quoted(name: str) -> str:
    """Return a name as a message shows it: in quotes unless it is a plain word."""
    return name if name.isidentifier() else repr(name)


def escape_record(record: logging.LogRecord) -> bool:
    """Make the message of a log record printable, as a filter of a logger that keeps every record."""
    message = record.getMessage()
    escaped = printable(message)
    if escaped != message:
        record.msg, record.args = escaped, None
    return True


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
