"""The storage that addresses of uploads and downloads lead to, as S3 does for the API: bytes in memory.

An address is presigned: whoever has it may do the one thing that it was made for, and needs no token.
Requests that carry one all the same are refused, so that a client that lets its token leak fails its tests.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import md5, sha256
from http import HTTPStatus
from typing import TypedDict
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from multidict import MultiMapping

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.query import read_timestamp
from sessionboard_async.testing._data.seeded import iso_timestamp, uuid_for

PATH = "/storage/"
"""Where the storage begins on the server."""

BUCKET = "embedded"
_TYPE = "application/octet-stream"
_VALID_SECONDS = 900
_DATE, _EXPIRES, _SIGNED, _SIGNATURE = (
    f"X-Amz-{name}" for name in ("Date", "Expires", "SignedHeaders", "Signature")
)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class StoredObject:
    """Bytes that are kept.

    Attributes:
        body: The bytes.
        content_type: What they are.
    """

    body: bytes = field(repr=False)
    content_type: str = _TYPE

    @cached_property
    def etag(self) -> str:
        """What tells them from other bytes, in the quotes that belong to it."""
        return f'"{md5(self.body, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True)
class StorageAnswer:
    """What the storage answers.

    Attributes:
        body: The bytes.
        status: The HTTP status.
        headers: The headers.
    """

    body: bytes = field(default=b"", repr=False)
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class UploadTarget(TypedDict):
    """Where bytes go, as the API tells it."""

    url: str
    method: str
    headers: dict[str, str]


class _StorageError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Storage:
    """Bytes by their keys.

    Args:
        clock: Decides whether an address has expired.
        key: What tells its signatures from those of all others.

    Attributes:
        base_url: Where the server listens, for the addresses.
    """

    def __init__(self, clock: Clock, *key: object) -> None:
        self.base_url = "http://127.0.0.1"
        self._clock = clock
        self._secret = uuid_for(*key, "storage").encode()
        self._objects: dict[str, StoredObject] = {}
        self._sources: list[Callable[[str], StoredObject | None]] = []

    def add_source(self, source: Callable[[str], StoredObject | None]) -> None:
        """Add a function that makes what follows from the seed; ``None`` for keys that it does not know."""
        self._sources.append(source)

    def find(self, key: str) -> StoredObject | None:
        """Return what lies under a key; ``None`` where nothing does."""
        if key in self._objects:
            return self._objects[key]
        return next((made for source in self._sources if (made := source(key)) is not None), None)

    def put(self, key: str, stored: StoredObject) -> None:
        """Keep bytes under a key, in place of what was there."""
        self._objects[key] = stored

    def remove(self, key: str) -> None:
        """Throw away what was put under a key; nothing happens where nothing was."""
        self._objects.pop(key, None)

    def remove_below(self, prefix: str) -> None:
        """Throw away what was put under keys that begin like this."""
        for key in [key for key in self._objects if key.startswith(prefix)]:
            del self._objects[key]

    def upload_address(self, key: str, content_type: str | None = None) -> UploadTarget:
        """Return where bytes go, as the API tells it. It expires after a quarter of an hour.

        Args:
            key: The key under which they will lie.
            content_type: What they must be said to be; ``None`` leaves that open.
        """
        # A header that is not signed may be sent or not, as with S3.
        signed = "host" if content_type is None else "content-type;host"
        query = {_DATE: iso_timestamp(self._clock.read()), _EXPIRES: str(_VALID_SECONDS), _SIGNED: signed}
        return {
            "url": self._address("PUT", key, query, content_type or ""),
            "method": "PUT",
            "headers": {} if content_type is None else {"Content-Type": content_type},
        }

    def download_address(self, key: str) -> str:
        """Return where bytes can be read. It is the same each time and does not expire."""
        return self._address("GET", key, {_SIGNED: "host"}, "")

    def answer(
        self,
        method: str,
        key: str,
        query: MultiMapping[str],
        headers: MultiMapping[str],
        body: bytes,
    ) -> StorageAnswer:
        """Answer a request to an address.

        Args:
            method: ``PUT`` or ``GET``.
            key: The key in its path.
            query: Its query.
            headers: Its headers.
            body: Its body.
        """
        try:
            self._admit(method, key, query, headers)
            return self._keep(key, headers, body) if method == "PUT" else self._give(key, headers)
        except _StorageError as refusal:
            text = (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Error><Code>{refusal.code}</Code><Message>{escape(str(refusal))}</Message></Error>"
            )
            return StorageAnswer(text.encode(), refusal.status, {"Content-Type": "application/xml"})

    def _address(self, method: str, key: str, query: Mapping[str, str], content_type: str) -> str:
        signature = self._signature(method, key, query, content_type)
        signed = urlencode({**query, _SIGNATURE: signature})
        return f"{self.base_url}{PATH}{quote(key)}?{signed}"

    def _signature(self, method: str, key: str, query: Mapping[str, str], content_type: str) -> str:
        signed = (method, key, *(query.get(name, "") for name in (_DATE, _EXPIRES, _SIGNED)), content_type)
        return hmac.new(self._secret, "\n".join(signed).encode(), sha256).hexdigest()

    def _admit(self, method: str, key: str, query: MultiMapping[str], headers: MultiMapping[str]) -> None:
        for name in ("x-access-token", "Authorization"):
            if name in headers:
                raise _StorageError(400, "InvalidArgument", f"an address of the storage must not get {name}")
        content_type = headers.get("Content-Type", "") if "content-type" in query.get(_SIGNED, "") else ""
        expected = self._signature(method, key, query, content_type)
        if not hmac.compare_digest(expected.encode(), query.get(_SIGNATURE, "").encode()):
            message = "the signature does not fit the method, the path and the signed headers"
            raise _StorageError(403, "SignatureDoesNotMatch", message)
        if _EXPIRES in query:
            made = read_timestamp(query[_DATE], _DATE)
            if self._clock.read() > made + int(query[_EXPIRES]) * 1000:
                raise _StorageError(403, "AccessDenied", "Request has expired")

    def _keep(self, key: str, headers: MultiMapping[str], body: bytes) -> StorageAnswer:
        if "Content-Length" not in headers:
            raise _StorageError(411, "MissingContentLength", "the length of what is sent must be told")
        stored = StoredObject(body, headers.get("Content-Type", _TYPE))
        self.put(key, stored)
        return StorageAnswer(headers={"ETag": stored.etag})

    def _give(self, key: str, headers: MultiMapping[str]) -> StorageAnswer:
        stored = self.find(key)
        if stored is None:
            raise _StorageError(404, "NoSuchKey", "there is nothing under this key")
        told = {"Content-Type": stored.content_type, "ETag": stored.etag, "Accept-Ranges": "bytes"}
        size = len(stored.body)
        asked = _RANGE.fullmatch(headers.get("Range", "")) if _is_current(headers, stored) else None
        if asked is None or asked.groups() == ("", ""):
            # Several ranges, or none that can be read: S3 sends everything.
            return StorageAnswer(stored.body, headers=told)
        first, last = asked.groups()
        start = int(first) if first else max(0, size - int(last))
        stop = min(size, int(last) + 1) if first and last else size
        if start >= stop:
            # Beyond the end, or backwards.
            return StorageAnswer(
                status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                headers={"Content-Range": f"bytes */{size}"},
            )
        told["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return StorageAnswer(stored.body[start:stop], HTTPStatus.PARTIAL_CONTENT, told)


def _is_current(headers: MultiMapping[str], stored: StoredObject) -> bool:
    return headers.get("If-Range", stored.etag) == stored.etag
