"""The text of JSON: whether it is any, and the repair of texts that were cut in a character."""

from __future__ import annotations

import re

import msgspec

_value = msgspec.json.Decoder(msgspec.Raw)

# An escape in a JSON string: a surrogate pair, a lone surrogate, or any other.
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


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


def _replace_lone(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["lone"] else escape[0]
