"""The body of an error: the name and the message of the API, in any of the shapes that servers send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard, cast
from urllib.parse import quote

import msgspec

from sessionboard_async._printable import UNPRINTABLE

_OF_API = ("error", "message", "code", "errors")
"""The members of the API's own errors."""
_NAMES = ("code", "type", "name")
"""The members of a nested error that may hold its name."""
_TEXTS = ("message", "msg", "detail", "title", "reason", "description", "error")
"""The members of an object that may hold a message, best first."""
_PLACES = ("field", "path", "loc", "property", "param", "pointer")
"""The members of an object that may name the field that its message is about."""

_LONGEST_BODY = 4 << 20
_LONGEST_MESSAGE = 500
_SHORTEST_SECRET_IN_A_WORD = 8
_MOST_DETAILS = 10
_DEEPEST = 4

# Bounded: without bounds, their time would grow with the square of the length of a text.
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,500}")
_EMAIL = re.compile(r"[^\s@<>\"'(),:;]{1,64}@[^\s@<>\"'(),:;]{1,255}")
_URL_QUERY = re.compile(r"(https?://[^\s?<>\"']{0,2000})\?[^\s<>\"']+")


class ErrorBody(NamedTuple):
    """The parts of an error's body.

    Attributes:
        code: The API's name of the error.
        message: The API's message.
        is_of_api: Whether it is an object with a member of the API's own errors.
    """

    code: str | None = None
    message: str | None = None
    is_of_api: bool = False


def read_error_body(body: bytes, secrets: tuple[str, ...] = ()) -> ErrorBody:
    """Read the body of an error; nothing of one that is not JSON, such as the page of a proxy.

    Args:
        body: The body.
        secrets: Texts such as the token, which are removed.
    """
    value: object = None
    try:
        if len(body) <= _LONGEST_BODY:
            value = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ErrorBody()
    if not _is_object(value):
        return ErrorBody(None, clean_text(_text(value), secrets))
    code, message = _code_and_message(value)
    return ErrorBody(
        clean_text(code, secrets),
        clean_text(message, secrets),
        is_of_api=any(value.get(name) is not None for name in _OF_API),
    )


def clean_text(text: str | None, secrets: tuple[str, ...] = ()) -> str | None:
    """Return a text of the API without control characters, secrets, e-mail addresses and URL queries, cut.

    Nothing is returned for an empty one.
    """
    if text is None:
        return None
    if _PLAIN.fullmatch(text) and not any(secret in text for secret in filter(None, secrets)):
        # Most ids of requests are like this, and the answer with every page has one.
        return text
    for secret in filter(None, secrets):
        text = _without(text, secret)
    # Twice the length, so that nothing is removed only in part because of the cut.
    text = UNPRINTABLE.sub(" ", text[: 2 * _LONGEST_MESSAGE])
    text = _EMAIL.sub("***", _URL_QUERY.sub(r"\1?***", text))
    return text[:_LONGEST_MESSAGE].strip() or None


def _without(text: str, secret: str) -> str:
    for form in (secret, quote(secret, safe="")):
        if len(secret) < _SHORTEST_SECRET_IN_A_WORD:
            # Within words, so short a text is there by chance. At its other ends, no word goes on.
            before = r"(?<!\w)" if re.match(r"\w", form) else ""
            after = r"(?!\w)" if re.search(r"\w\Z", form) else ""
            text = re.sub(f"{before}{re.escape(form)}{after}", "***", text)
        else:
            text = text.replace(form, "***")
    return text


def _code_and_message(body: Mapping[str, object]) -> tuple[str | None, str | None]:
    error, code, message = body.get("error"), _word(body.get("code")), _text(body.get("message"))
    if _is_object(error):
        code = code or next(filter(None, (_word(error.get(name)) for name in _NAMES)), None)
        message = message or _text(error)
    elif code is not None or not isinstance(error, str):
        # Some servers of this API put the message into `error` and the name into `code`.
        message = message or _text(error)
    else:
        code = error
    # RFC 9457 has a title of the kind of error, and a detail of this one.
    message = message or ": ".join(_distinct(_text(body.get("title")), _text(body.get("detail")))) or None
    return code, _with_details(message, _text(body.get("errors")))


def _with_details(message: str | None, details: str | None) -> str | None:
    if message is None or details is None or details in message:
        return message or details
    return f"{message} ({details})"


def _text(value: object, depth: int = _DEEPEST) -> str | None:
    """Return the message in a value of any shape."""
    if isinstance(value, str):
        return value.strip() or None
    if not depth:
        return None
    if isinstance(value, list):
        items = cast("list[object]", value)[:_MOST_DETAILS]
        return "; ".join(_distinct(*(_text(item, depth - 1) for item in items))) or None
    return _text_of_object(value, depth) if _is_object(value) else None


def _text_of_object(value: dict[str, Any], depth: int) -> str | None:
    message = next(filter(None, (_word(value.get(name)) for name in _TEXTS)), None)
    if message is not None:
        place = next(filter(None, (_place(value.get(name)) for name in _PLACES)), None)
        return message if place is None else f"{place}: {message}"
    # Messages by field.
    found = ((name, _text(item, depth - 1)) for name, item in [*value.items()][:_MOST_DETAILS])
    return "; ".join(f"{name}: {text}" for name, text in found if text) or None


def _place(value: object) -> str | None:
    if isinstance(value, list):
        return (
            ".".join(str(step) for step in cast("list[object]", value) if isinstance(step, str | int)) or None
        )
    return _word(value)


def _word(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _distinct(*texts: str | None) -> Iterator[str]:
    yield from dict.fromkeys(text for text in texts if text)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
