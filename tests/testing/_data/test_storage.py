"""The storage of the embedded server: addresses, uploads and downloads."""

from __future__ import annotations

import hashlib
import re

import pytest

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.storage import Storage, StorageAnswer, StoredObject
from tests.testing.upload_calls import Client

EVERY_BYTE = bytes(range(256)) * 3


@pytest.fixture
def client() -> Client:
    return Client()


def test_bytes_are_returned_unchanged(client: Client) -> None:
    upload = client.organization.storage.upload_address("a key/größe", "audio/mpeg")
    etag = client.put(upload, EVERY_BYTE)
    assert etag == f'"{hashlib.md5(EVERY_BYTE).hexdigest()}"'
    answer = client.store("GET", client.organization.storage.download_address("a key/größe"))
    assert (answer.status, answer.body) == (200, EVERY_BYTE)
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["ETag"] == etag


def code(answer: StorageAnswer) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/xml"
    return answer.status, answer.body.decode().partition("<Code>")[2].partition("</Code>")[0]


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, (403, "SignatureDoesNotMatch")),
        ({"Content_Type": "audio/wav"}, (403, "SignatureDoesNotMatch")),
        ({"Content_Type": "audio/mpeg", "X_Access_Token": "t"}, (400, "InvalidArgument")),
        ({"Content_Type": "audio/mpeg", "authorization": "Bearer t"}, (400, "InvalidArgument")),
    ],
)
def test_an_upload_needs_its_own_headers_and_no_token(
    client: Client, headers: dict[str, str], refusal: tuple[int, str]
) -> None:
    upload = client.organization.storage.upload_address("key", "audio/mpeg")
    assert code(client.store("PUT", upload["url"], b"x", **headers)) == refusal
    assert client.organization.storage.find("key") is None


@pytest.mark.parametrize(
    ("method", "old", "new"),
    [
        ("PUT", "Signature=", "Signature=0"),
        ("PUT", "/storage/key", "/storage/other"),
        ("PUT", "Expires=900", "Expires=9000"),
        ("PUT", "content-type%3Bhost", "host"),
        ("PUT", "Date=2026", "Date=2027"),
        ("GET", "", ""),
    ],
)
def test_an_address_serves_for_what_it_was_made(client: Client, method: str, old: str, new: str) -> None:
    upload = client.organization.storage.upload_address("key", "text/plain")
    assert old in upload["url"]
    answer = client.store(method, upload["url"].replace(old, new, 1), b"x", Content_Type="text/plain")
    assert code(answer) == (403, "SignatureDoesNotMatch")


def test_an_upload_address_expires(client: Client) -> None:
    upload = client.organization.storage.upload_address("key")
    client.now += 899
    client.put(upload, b"in time")
    client.now += 2
    assert code(client.store("PUT", upload["url"], b"too late")) == (403, "AccessDenied")
    assert client.read(client.organization.storage.download_address("key")) == b"in time"


def test_missing_records_are_404(client: Client) -> None:
    address = client.organization.storage.download_address("nothing")
    assert code(client.store("GET", address)) == (404, "NoSuchKey")


@pytest.mark.parametrize(
    ("requested", "status", "body", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=4-2", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_a_part_of_the_bytes_can_be_read(
    client: Client, requested: str, status: int, body: bytes, content_range: str | None
) -> None:
    etag = client.put(client.organization.storage.upload_address("key"), b"0123456789")
    address = client.organization.storage.download_address("key")
    answer = client.store("GET", address, Range=requested, If_Range=etag)
    assert (answer.status, answer.body, answer.headers.get("Content-Range")) == (status, body, content_range)
    # An object that has changed meanwhile is sent whole.
    assert client.store("GET", address, Range=requested, If_Range='"other"').body == b"0123456789"


def test_the_stored_bytes_are_bounded() -> None:
    storage = Storage(Clock(), 1, capacity=10)
    full = re.escape("the embedded storage holds at most 10 bytes: delete files first")
    storage.put("a", StoredObject(bytes(6)))
    with pytest.raises(RequestError, match=full) as refused:
        storage.put("b", StoredObject(bytes(5)))
    assert (refused.value.status, storage.size, storage.find("b")) == (413, 6, None)
    storage.put("a", StoredObject(bytes(10)))
    storage.remove("nothing")
    storage.remove_below("a")
    storage.put("b", StoredObject(bytes(10)))
    assert storage.size == 10
