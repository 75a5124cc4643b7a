"""The text of JSON: whether it is any, and the repair of texts that were cut in a character."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

_value = msgspec.json.Decoder(msgspec.Raw)

# An escape in a JSON string: a surrogate pair, a lone surrogate, or any other.
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

# The beginning of the rows of a page, bare or under one of the names that the API uses.
_ARRAY = re.compile(rb'(?:\A|"results"\s*:|"data"\s*:)\s*\[\s*')


def is_json(body: bytes | msgspec.Raw) -> bool:
    """Return whether a body is one complete JSON value, of any type and with texts in any encoding."""
    try:
        _value.decode(body)
    except msgspec.DecodeError:
        return False
    except RecursionError:
        # Nested too deeply to be read, which a retry does not change.
        return True
    return True


def replace_lone_surrogates(body: bytes) -> bytes:
    """Replace halves of surrogate pairs, which JavaScript leaves when it truncates a text in an emoji."""
    return _ESCAPE.sub(_replace_lone, body) if b"\\u" in body else body


def is_utf8(body: bytes) -> bool:
    """Return whether a body is UTF-8, which `msgspec` does not check where it decodes no text."""
    return body.isascii() or first_invalid_byte(body) is None


def first_invalid_byte(body: bytes) -> int | None:
    """Return the position of the first byte that is not UTF-8; ``None`` if all are."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


def rows_as_sent(body: bytes, replaced: bytes, rows: Sequence[msgspec.Raw]) -> list[msgspec.Raw]:
    """Return the rows of a page that was changed by `replace_lone_surrogates` as they were sent.

    Args:
        body: The page.
        replaced: The page, changed. Its length is the same.
        rows: The rows of ``replaced``, in order.
    """
    sent: list[msgspec.Raw] = []
    end = next(
        (
            array.end()
            for array in _ARRAY.finditer(replaced)
            if rows and replaced.startswith(bytes(memoryview(rows[0])), array.end())
        ),
        0,
    )
    for row in rows:
        part = bytes(memoryview(row))
        # Nothing but a comma and white space is between two rows.
        start = replaced.index(part, end)
        end = start + len(part)
        sent.append(msgspec.Raw(body[start:end]))
    return sent


def _replace_lone(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["lone"] else escape[0]
