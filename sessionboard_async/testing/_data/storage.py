"""The storage behind upload and download addresses, as S3 for the API, with bytes in memory.

Addresses are presigned: each allows one action and needs no token. Requests with a token are refused, so that
a client that leaks its token fails its tests.
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
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import read_timestamp
from sessionboard_async.testing._data.seeded import iso_timestamp, uuid_for

PATH = "/storage/"
"""The path prefix of the storage."""

BUCKET = "embedded"
_CAPACITY = 512 * 1024 * 1024
_TYPE = "application/octet-stream"
_VALID_SECONDS = 900
_DATE, _EXPIRES, _SIGNED, _SIGNATURE = (
    f"X-Amz-{name}" for name in ("Date", "Expires", "SignedHeaders", "Signature")
)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class StoredObject:
    """Stored bytes.

    Attributes:
        body: The bytes.
        content_type: Their media type.
    """

    body: bytes = field(repr=False)
    content_type: str = _TYPE

    @cached_property
    def etag(self) -> str:
        """The entity tag, in quotes."""
        return f'"{md5(self.body, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True)
class StorageAnswer:
    """The answer of the storage.

    Attributes:
        body: The bytes.
        status: The HTTP status.
        headers: The headers.
    """

    body: bytes = field(default=b"", repr=False)
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class UploadTarget(TypedDict):
    """The address of an upload, in the API's form."""

    url: str
    method: str
    headers: dict[str, str]


class _StorageError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Storage:
    """Stored bytes by key.

    Args:
        clock: The clock for the expiry of addresses.
        key: Key of the signatures.
        capacity: The maximum number of stored bytes, generated objects not counted.

    Attributes:
        base_url: The server's address, for the addresses of objects.
        capacity: The maximum number of stored bytes.
        size: The number of stored bytes.
    """

    def __init__(self, clock: Clock, *key: object, capacity: int = _CAPACITY) -> None:
        self.base_url = "http://127.0.0.1"
        self._clock = clock
        self._secret = uuid_for(*key, "storage").encode()
        self._objects: dict[str, StoredObject] = {}
        self.capacity: int = capacity
        self.size: int = 0
        self._sources: list[Callable[[str], StoredObject | None]] = []

    def add_source(self, source: Callable[[str], StoredObject | None]) -> None:
        """Add a function that generates objects from the seed; it returns ``None`` for unknown keys."""
        self._sources.append(source)

    def find(self, key: str) -> StoredObject | None:
        """Return the object with this key; ``None`` if it does not exist."""
        if key in self._objects:
            return self._objects[key]
        return next((made for source in self._sources if (made := source(key)) is not None), None)

    def put(self, key: str, stored: StoredObject) -> None:
        """Store an object, replacing any other with this key.

        Raises:
            RequestError: With 413 if there is no room.
        """
        replaced = self._objects.get(key)
        self.require_room(len(stored.body) - (len(replaced.body) if replaced else 0))
        self.remove(key)
        self._objects[key] = stored
        self.size += len(stored.body)

    def require_room(self, size: int) -> None:
        """Check that this many more bytes can be stored.

        Raises:
            RequestError: With 413 if there is no room.
        """
        if self.size + size > self.capacity:
            message = f"the embedded storage holds at most {self.capacity:,} bytes: delete files first"
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)

    def remove(self, key: str) -> None:
        """Remove a stored object; does nothing if there is none."""
        removed = self._objects.pop(key, None)
        if removed is not None:
            self.size -= len(removed.body)

    def remove_below(self, prefix: str) -> None:
        """Remove the stored objects whose keys begin with a prefix."""
        for key in [key for key in self._objects if key.startswith(prefix)]:
            self.remove(key)

    def upload_address(self, key: str, content_type: str | None = None) -> UploadTarget:
        """Return the address of an upload, in the API's form. It expires after 15 minutes.

        Args:
            key: The key of the object.
            content_type: The media type that the upload must declare; ``None`` for any.
        """
        # As with S3, a header that is not signed may be sent or left out.
        signed = "host" if content_type is None else "content-type;host"
        query = {_DATE: iso_timestamp(self._clock.read()), _EXPIRES: str(_VALID_SECONDS), _SIGNED: signed}
        return {
            "url": self._address("PUT", key, query, content_type or ""),
            "method": "PUT",
            "headers": {} if content_type is None else {"Content-Type": content_type},
        }

    def download_address(self, key: str) -> str:
        """Return the address of a download. It is the same each time and does not expire."""
        return self._address("GET", key, {_SIGNED: "host"}, "")

    def answer(
        self,
        method: str,
        key: str,
        query: MultiMapping[str],
        headers: MultiMapping[str],
        body: bytes,
    ) -> StorageAnswer:
        """Answer a request to a presigned address.

        Args:
            method: ``PUT`` or ``GET``.
            key: The key in the path.
            query: The query.
            headers: The headers.
            body: The body.
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
                raise _StorageError(400, "InvalidArgument", f"a request to the storage must not carry {name}")
        content_type = headers.get("Content-Type", "") if "content-type" in query.get(_SIGNED, "") else ""
        expected = self._signature(method, key, query, content_type)
        if not hmac.compare_digest(expected.encode(), query.get(_SIGNATURE, "").encode()):
            message = "the signature does not match the method, the path and the signed headers"
            raise _StorageError(403, "SignatureDoesNotMatch", message)
        if _EXPIRES in query:
            made = read_timestamp(query[_DATE], _DATE)
            if self._clock.read() > made + int(query[_EXPIRES]) * 1000:
                raise _StorageError(403, "AccessDenied", "Request has expired")

    def _keep(self, key: str, headers: MultiMapping[str], body: bytes) -> StorageAnswer:
        if "Content-Length" not in headers:
            raise _StorageError(411, "MissingContentLength", "the request needs a Content-Length")
        stored = StoredObject(body, headers.get("Content-Type", _TYPE))
        try:
            self.put(key, stored)
        except RequestError as full:
            raise _StorageError(full.status, "EntityTooLarge", full.message) from None
        return StorageAnswer(headers={"ETag": stored.etag})

    def _give(self, key: str, headers: MultiMapping[str]) -> StorageAnswer:
        stored = self.find(key)
        if stored is None:
            raise _StorageError(404, "NoSuchKey", "there is no object with this key")
        response_headers = {
            "Content-Type": stored.content_type,
            "ETag": stored.etag,
            "Accept-Ranges": "bytes",
        }
        size = len(stored.body)
        asked = _RANGE.fullmatch(headers.get("Range", "")) if _is_current(headers, stored) else None
        if asked is None or asked.groups() == ("", ""):
            # Several ranges, or an invalid one: S3 sends everything.
            return StorageAnswer(stored.body, headers=response_headers)
        first, last = asked.groups()
        start = int(first) if first else max(0, size - int(last))
        stop = min(size, int(last) + 1) if first and last else size
        if start >= stop:
            # Beyond the end, or backwards.
            return StorageAnswer(
                status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                headers={"Content-Range": f"bytes */{size}"},
            )
        response_headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return StorageAnswer(stored.body[start:stop], HTTPStatus.PARTIAL_CONTENT, response_headers)


def _is_current(headers: MultiMapping[str], stored: StoredObject) -> bool:
    return headers.get("If-Range", stored.etag) == stored.etag
