"""Bodies that are files: a web page or a message in place of a file is refused."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from sessionboard_async.core.confirmations import confirms, is_web_page, reports_failure, without_mark
from sessionboard_async.core.http.response import add_reported_message
from sessionboard_async.errors import DecodeError, RequestContext

_MARK = 3
_START = 1024
_LARGEST_MESSAGE = 64 * 1024


def check_file(body: bytes, content_type: str | None, context: RequestContext) -> None:
    """Check that a body, or the start of one, is a file.

    Raises:
        DecodeError: If it is a web page, or a JSON object that reports a failure or has only a message.
    """
    if is_web_page(body, content_type):
        raise DecodeError(
            "the answer is a web page instead of a file: it may be of a proxy, or of a network's sign-in",
            transient=True,
            context=context,
        )
    if _is_message(body):
        raise DecodeError("the answer is a message instead of a file", reports_failure=True, context=context)


async def checked_file(
    chunks: AsyncGenerator[bytes],
    content_type: str | None,
    context: RequestContext,
    secrets: tuple[str, ...],
) -> AsyncGenerator[bytes]:
    """Yield the chunks of a file, once its start was checked.

    Raises:
        DecodeError: As `check_file` does, before the first chunk.
    """
    start = b""
    is_checked = False
    async with aclosing(chunks):
        async for chunk in chunks:
            if is_checked:
                yield chunk
                continue
            start += chunk
            if len(start) >= _needed(start):
                _check_start(start, content_type, context, secrets)
                is_checked = True
                yield start
        if not is_checked:
            _check_start(start, content_type, context, secrets)
            if start:
                yield start


def _needed(start: bytes) -> int:
    """Return the bytes to wait for: few, unless it may be a web page or a message so far."""
    match without_mark(start).lstrip()[:1]:
        case b"{":
            return _LARGEST_MESSAGE
        case b"<" | b"":
            return _START
        case _:
            return _MARK


def _check_start(
    start: bytes, content_type: str | None, context: RequestContext, secrets: tuple[str, ...]
) -> None:
    try:
        check_file(start, content_type, context)
    except DecodeError as error:
        add_reported_message(error, start, secrets)
        raise


def _is_message(body: bytes) -> bool:
    body = without_mark(body).strip()
    if body[:1] != b"{" or len(body) > _LARGEST_MESSAGE:
        return False
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return reports_failure(value) or confirms(value)
