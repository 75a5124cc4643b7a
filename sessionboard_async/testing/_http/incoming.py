"""Checks of requests before they are dispatched."""

from __future__ import annotations

import zlib
from http import HTTPStatus

from aiohttp import hdrs, web
from multidict import MultiMapping
from yarl import URL

from sessionboard_async.testing._data.errors import RequestError

LARGEST_BODY = 64 * 1024 * 1024
"""The maximum size of a body in bytes, compressed or not."""

_OWN_HOSTS = ("127.0.0.1", "localhost")
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def refuse_foreign_host(headers: MultiMapping[str]) -> None:
    """Refuse a request for another host: the name of a web page may resolve to this machine.

    The port may be another one, so that requests can come through a tunnel or a proxy.

    Raises:
        RequestError: With 421.
    """
    hosts = headers.getall(hdrs.HOST, [])
    if len(hosts) != 1 or _name_in(hosts[0]) not in _OWN_HOSTS:
        message = f"the Host of a request must be {' or '.join(_OWN_HOSTS)}, with any port"
        raise RequestError(HTTPStatus.MISDIRECTED_REQUEST, message)


def _name_in(host: str) -> str | None:
    try:
        url = URL(f"http://{host}")
    except ValueError:
        return None
    return url.host if url.raw_authority == host.lower() else None


def refuse_unknown_expectation(headers: MultiMapping[str]) -> None:
    """Refuse a request with an ``Expect`` that is not ``100-continue``.

    Raises:
        RequestError: With 417.
    """
    if headers.get(hdrs.EXPECT, "").lower() != "100-continue":
        raise RequestError(HTTPStatus.EXPECTATION_FAILED, "the Expect of a request must be 100-continue")


async def read_body(request: web.Request) -> bytes:
    """Read the body as it was sent.

    Raises:
        RequestError: With 413 if it is too large.
        ConnectionError: If the client has left.
    """
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None


def decompressed(body: bytes, headers: MultiMapping[str]) -> bytes:
    """Return a body without its content coding.

    Raises:
        RequestError: With 415 if the coding is unknown, with 400 if the body is not in it, with 413 if it is
            too large.
    """
    coding = headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower()
    if coding == "identity" or not body:
        return body
    if coding not in _WINDOW_BITS:
        message = f"the Content-Encoding of a body must be one of {', '.join(_WINDOW_BITS)}"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    decoder = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        content = decoder.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"the body is not {coding}") from None
    if len(content) > LARGEST_BODY:
        raise _too_large()
    if not decoder.eof or decoder.unused_data:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"the body is not exactly one {coding} stream")
    return content


def _too_large() -> RequestError:
    message = f"a body has at most {LARGEST_BODY:,} bytes"
    return RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)


def accepts_gzip(headers: MultiMapping[str]) -> bool:
    """Return whether the client accepts gzip, by name or as any coding."""
    weights: dict[str, bool] = {}
    for item in ",".join(headers.getall(hdrs.ACCEPT_ENCODING, [])).lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        weights[coding] = all(_is_positive(parameter) for parameter in parameters)
    return weights.get("gzip", weights.get("*", False))


def _is_positive(parameter: str) -> bool:
    """Return whether a parameter is no weight of zero."""
    name, _, weight = parameter.partition("=")
    return name.strip() != "q" or weight.strip(" 0.") != ""


def refuse_other_media_type(body: bytes, headers: MultiMapping[str]) -> None:
    """Refuse a body that is not sent as JSON.

    Raises:
        RequestError: With 415.
    """
    media_type = headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if body and media_type != "application/json":
        message = "a body must be sent with Content-Type: application/json"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
