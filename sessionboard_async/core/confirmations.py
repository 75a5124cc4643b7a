"""Answers with a status of success: they confirm what was requested, report a failure, or do neither."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TypeGuard, cast

# A page has markup before any text; a byte order mark or comments may come first.
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)

_PHRASES = frozenset(status.phrase.lower() for status in HTTPStatus if 200 <= status < 300)
_FALSE = frozenset({"false", "no", "0"})
_FAILED = frozenset({"error", "fail", "failed", "failure"})
_STATEMENTS = frozenset(
    {"success", "ok", "message", "status", "statusCode", "code", "detail", "error", "errors"}
)
_PROBLEM = _STATEMENTS | {"type", "title", "name", "instance", "path", "timestamp", "requestId"}
"""The members of errors, those of RFC 9457 among them."""
_ERROR_STATUSES = range(400, 600)
_ERROR_STATUS_TEXTS = frozenset(map(str, _ERROR_STATUSES))

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def without_mark(body: bytes) -> bytes:
    """Return a body without the byte order mark that some servers put before UTF-8."""
    return body.removeprefix(BYTE_ORDER_MARK)


def is_web_page(body: bytes, content_type: str | None = None) -> bool:
    """Return whether the start of a body, or the type it was sent with, is that of a web page.

    Guest networks, proxies and single sign-on answer any request with their own page and status 200.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return media_type in {"text/html", "application/xhtml+xml"} or bool(_PAGE.match(without_mark(body)))


def is_phrase_of_success(body: bytes) -> bool:
    """Return whether a body is the reason phrase of a success, such as ``OK``, which some servers send."""
    return body.strip().decode("ascii", "replace").lower() in _PHRASES


def reports_failure(value: object) -> bool:
    """Return whether a decoded JSON value reports that the request failed, in the object or under ``data``.

    ``error`` and ``status`` beside an ``id`` are fields of a record, such as that of a failed recording.
    """
    if value is False:
        return True
    if not is_mapping(value):
        return False
    return _states_failure(value) or (is_mapping(inner := value.get("data")) and _states_failure(inner))


def lists_failures(value: object) -> bool:
    """Return whether an item of a decoded JSON list reports a failure, also under ``data`` or ``results``.

    An API that deletes in batches may answer a single deletion like that.
    """
    lists = [value.get("data"), value.get("results")] if is_mapping(value) else [value]
    items = [item for one in lists if isinstance(one, list) for item in cast("list[object]", one)]
    return any(map(reports_failure, items))


def confirms(value: object) -> bool:
    """Return whether a decoded JSON value without a record confirms that the request was carried out.

    Nothing, an empty object, true, a text, ``{"success": true}`` and a message do, also under ``data``.
    """
    if is_mapping(value):
        inner = value.get("data")
        if not (inner.keys() <= _STATEMENTS if is_mapping(inner) else inner in (None, True, [])):
            return False
        is_stated = value.get("success") is True or value.get("ok") is True
        return is_stated or value.keys() <= _STATEMENTS | {"data"}
    return value is None or value is True or isinstance(value, str)


def is_mapping(value: object) -> TypeGuard[dict[str, object]]:
    """Return whether a decoded JSON value is an object."""
    return isinstance(value, dict)


def _states_failure(value: dict[str, object]) -> bool:
    if _is_false(value.get("success")) or _is_false(value.get("ok")):
        return True
    if value.get("id") is not None:
        return False
    if value.get("error") or value.get("errors"):
        return True
    # Among other fields, a status is that of a record.
    return value.keys() <= _PROBLEM and any(_is_failed(value.get(name)) for name in ("status", "statusCode"))


def _is_false(value: object) -> bool:
    return value.strip().lower() in _FALSE if isinstance(value, str) else value is False or value == 0


def _is_failed(status: object) -> bool:
    if isinstance(status, str):
        status = status.strip().lower()
        return status in _FAILED or status in _ERROR_STATUS_TEXTS
    return status in _ERROR_STATUSES
