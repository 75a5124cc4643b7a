"""Errors of the package in the words of the command line: options, and the ids that were given."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sessionboard_async._printable import printable
from sessionboard_async.core.options import Retry, Timeout
from sessionboard_async.errors import (
    ConfigurationError,
    DeadlineExceededError,
    RateLimitWaitExceeded,
    ServerError,
    SessionboardError,
)

_LIMITS = Timeout()

_WORDS: tuple[tuple[str, str], ...] = (
    (
        r"no token: pass one, or set the environment variable SESSIONBOARD_TOKEN",
        "no token: set the environment variable SESSIONBOARD_TOKEN, or use --token",
    ),
    (r"pass one, or set SESSIONBOARD_TOKEN", "set SESSIONBOARD_TOKEN, or use --token"),
    (r"pass what follows, with token_type='Bearer'", "commands take API tokens, without that word"),
    (r": raise max_response_bytes", ""),
    (r"\bits event_id is\b", "its event is"),
    (r"\bits base_url is\b", "its address is"),
    (r"\bits expand is\b", "its --expand is"),
    (r"\bits updated_after is\b", "its --updated-after is"),
    (r"`base_url`|\bbase_url\b", "--base-url"),
    (r"`proxy`", "the proxy"),
    (r"\bTimeout\.attempt\b", f"{_LIMITS.attempt:g} s"),
    (r"\bTimeout\.connect\b", f"{_LIMITS.connect:g} s"),
    (r"\bits expand are\b", "its --expand is"),
    (r"\bresume takes what checkpoint\(\) returned, unchanged: ", "the checkpoint is damaged: "),
)
"""Words of messages for Python, as regular expressions, and what they are on the command line."""


def explain(error: Exception, ids: Sequence[str] = ()) -> str:
    """Return the message of an error on one line.

    Args:
        error: The error.
        ids: The ids in the path of the request, in their order, as far as the command was given them.
    """
    message = _message(error, ids)
    if isinstance(error, DeadlineExceededError | RateLimitWaitExceeded):
        message = re.sub(r"Timeout\.total|RateLimits\.(?:bulk_)?max_wait", "--max-wait", message)
    elif isinstance(error, ServerError) and error.retry_after and error.attempts < Retry().attempts:
        message += ": longer than --max-wait allows"
    elif isinstance(error, OSError) and not isinstance(error, SessionboardError):
        # The number of an error says nothing that its text does not.
        message = re.sub(r"^\[Errno \d+\] ", "", message)
    return printable(" ".join(message.split()))


def explain_usage(error: ConfigurationError) -> str:
    """Return the message for a token or address that cannot be used, as errors of usage begin."""
    message = explain(error)
    return f"{message[:1].upper()}{message[1:]}." if message[:1].isalpha() else f"{message}."


def _message(error: Exception, ids: Sequence[str]) -> str:
    message = str(error)
    route = error.route if isinstance(error, SessionboardError) else None
    for words, here in _WORDS:
        message = re.sub(words, here, message)
    if route is None:
        return message
    given = iter(ids)
    path = re.sub(r"\{\w+\}", lambda name: next(given, name[0]), route)
    return message.replace(route, path, 1)
