"""Responses as plain data, and the errors that their statuses stand for. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from sessionboard_async import errors
from sessionboard_async._answered import ResponseInfo
from sessionboard_async.core.confirmations import without_mark
from sessionboard_async.core.http.error_body import clean_text, read_error_body
from sessionboard_async.core.http.request import Call
from sessionboard_async.models._reading.text import replace_lone_surrogates

_ERROR_BY_STATUS: dict[int, type[errors.APIError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.UnprocessableError,
    429: errors.RateLimitError,
}

_ADVICE = {
    301: "redirects are never followed: check the base URL",
    401: "the token is wrong or revoked, or belongs to the other region",
    403: "the token lacks a scope, or the feature is not enabled there",
    404: "there is no such event or record, or this token may not see it",
    407: "the proxy requires other credentials: check `proxy`",
}
_REFUSED_ON_THE_WAY = "the answer is not from the API: a proxy or firewall may have refused the request"
_ADVICE_FOR_PAGES = {
    401: _REFUSED_ON_THE_WAY,
    403: _REFUSED_ON_THE_WAY,
    404: f"{_REFUSED_ON_THE_WAY}, or `base_url` is wrong",
}

TRANSIENT_STATUSES: Final = frozenset({429, 500, 502, 503, 504})
"""The statuses after which the same request may succeed."""

_STORAGE_ADVICE = {
    301: "redirects are never followed: request a new upload address",
    400: "the storage refused the content",
    403: "the upload address has expired, or its headers were not sent: request a new upload address",
    404: "the upload address does not exist: request a new upload address",
    407: _ADVICE[407],
}

_UNAUTHORIZED = 401

_REQUEST_ID_HEADERS = ("x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-amzn-trace-id", "cf-ray")
_LONGEST_WAIT = 1e9  # seconds, about 32 years: a date that far ahead can still be added to the time


class Response(msgspec.Struct, frozen=True):
    """A complete answer.

    Attributes:
        status: The HTTP status.
        headers: The headers, with case-insensitive names.
        body: The decompressed bytes.
        attempts: How many attempts the call took so far.
        seconds: The seconds that the call took so far, with its retries and waits.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    attempts: int = 0
    seconds: float = 0.0

    def __hash__(self) -> int:
        # The headers have none.
        return hash((self.status, self.body, self.attempts, self.seconds))

    def json(self) -> Any:
        """Return the body as plain values, decoded from JSON.

        Raises:
            DecodeError: If it is no JSON.
        """
        reason: str
        try:
            return msgspec.json.decode(replace_lone_surrogates(without_mark(self.body)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            # Raised below, where it does not keep the first one, which holds the text.
            reason = type(error).__name__
        media_type = clean_text(self.headers.get("Content-Type"), ())
        raise errors.DecodeError(
            f"the answer is no JSON ({reason}), but {len(self.body)} bytes of {media_type or 'unknown type'}"
        )

    def __repr__(self) -> str:
        return f"Response(status={self.status})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("status", self.status)]


def error_of(call: Call, response: Response, *, secrets: tuple[str, ...] = ()) -> errors.StatusError | None:
    """Return the error that an answer stands for; ``None`` for a success.

    Args:
        call: The call.
        response: The answer.
        secrets: Texts such as the token, which are removed from the API's message.
    """
    if 200 <= response.status < 300:
        return None
    if call.request.goes_to_storage:
        return _refusal_of_storage(call, response, secrets)
    status = response.status
    body = read_error_body(response.body, secrets)
    advice = _ADVICE.get(_kind_of(status))
    if response.body and not body.is_of_api:
        advice = _ADVICE_FOR_PAGES.get(status, advice)
    if body.message and status != _UNAUTHORIZED:
        # What the API says explains more. But that the token may belong to the other region, it never says.
        advice = None
    start = " ".join(part for part in (str(status), body.code) if part)
    return _class_of(status)(
        ": ".join(part for part in (start, body.message, advice) if part),
        status=status,
        code=body.code,
        api_message=body.message,
        request_id=request_id(response.headers, secrets=secrets),
        retry_after=retry_after(response.headers),
        from_api=body.is_of_api,
        body=response.body,
        context=call.context,
    )


def _refusal_of_storage(call: Call, response: Response, secrets: tuple[str, ...]) -> errors.StorageError:
    # Its own message may repeat the address, all parts of which are secret.
    advice = _STORAGE_ADVICE.get(_kind_of(response.status))
    return errors.StorageError(
        ": ".join(part for part in (str(response.status), advice) if part),
        status=response.status,
        request_id=request_id(response.headers, secrets=secrets),
        retry_after=retry_after(response.headers),
        body=response.body,
        context=call.context,
    )


def _kind_of(status: int) -> int:
    """Return the status that stands for others of its kind in the tables of advice."""
    return 301 if 300 <= status < 400 else status


def info_of(response: Response, secrets: tuple[str, ...]) -> ResponseInfo:
    """Return the facts about an answer, without its body.

    Args:
        response: The answer.
        secrets: Texts such as the token, which are removed from the id of the request.
    """
    return ResponseInfo(
        status=response.status,
        headers=response.headers,
        request_id=request_id(response.headers, secrets=secrets),
        attempts=response.attempts,
        seconds=response.seconds,
    )


def add_reported_message(error: errors.DecodeError, body: bytes, secrets: tuple[str, ...]) -> None:
    """Add the API's message to the error of an answer that reports a failure with a status of success."""
    if error.reports_failure:
        reported = read_error_body(body, secrets)
        error.message = ": ".join(filter(None, (error.message, reported.code, reported.message)))


def _class_of(status: int) -> type[errors.APIError]:
    if status >= 500:
        return errors.ServerError
    if 300 <= status < 400:
        return errors.RedirectError
    return _ERROR_BY_STATUS.get(status, errors.APIError)


def request_id(headers: Mapping[str, str], *, secrets: tuple[str, ...] = ()) -> str | None:
    """Return the id under which the server logged the request, if it sent one."""
    values = (clean_text(headers.get(name), secrets) for name in _REQUEST_ID_HEADERS)
    return next((value[:100] for value in values if value), None)


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the seconds to wait according to ``Retry-After``; ``None`` if it is missing or invalid.

    A date is compared with the ``Date`` of the answer, since the local clock may be wrong.

    Args:
        headers: The headers of the answer.
        now: The local time, used only if the answer has no valid ``Date``.
    """
    value = (headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
        return min(float(value), _LONGEST_WAIT)
    until = http_date(value)
    if until is None:
        return None
    reference = http_date(headers.get("Date") or "") or now or datetime.now(UTC)
    return min(max(0.0, (until - reference).total_seconds()), _LONGEST_WAIT)


def http_date(value: str) -> datetime | None:
    """Parse an HTTP date, in UTC; return ``None`` if it is invalid."""
    try:
        date = parsedate_to_datetime(value)
        # An offset may lead out of the years that a datetime can hold.
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
