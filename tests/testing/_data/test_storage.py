"""The storage of the embedded server, its forms, and its generated files."""

from __future__ import annotations

import hashlib
import re
import struct
import wave
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing._data.documents import pdf, png, wav
from sessionboard_async.testing._data.storage import StorageAnswer
from sessionboard_async.testing.multipart import read_form
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


# Forms


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_forms_keep_every_byte(bodies: list[bytes]) -> None:
    head = b'--b0undary\r\nContent-Disposition: form-data; name="%d"\r\n\r\n%s\r\n'
    body = b"".join(head % part for part in enumerate(bodies)) + b"--b0undary--\r\n"
    parts = read_form('multipart/form-data; boundary="b0undary"', body)
    assert [part.body for part in parts.values()] == bodies


# Documents


def objects(file: bytes) -> dict[int, bytes]:
    """Return the objects of a PDF, found through its cross-reference table."""
    found = re.fullmatch(rb".*\nstartxref\n(\d+)\n%%EOF\n", file, re.DOTALL)
    assert found is not None
    lines = file[int(found[1]) :].split(b"\n")
    assert lines[0] == b"xref"
    count = int(lines[1].split()[1])
    entries = lines[2 : 2 + count]
    assert all(len(entry) == 19 for entry in entries)
    assert b"/Size %d " % count in file
    return {
        number: file[int(entry.split()[0]) :].partition(b"endobj")[0]
        for number, entry in enumerate(entries)
        if number
    }


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.lists(st.text(max_size=20)))
def test_a_pdf_can_be_read_by_its_table(title: str, lines: list[str]) -> None:
    file = pdf(title, lines)
    assert file.startswith(b"%PDF-1.4\n")
    found = objects(file)
    for number, body in found.items():
        assert body.startswith(b"%d 0 obj\n" % number)
    length = re.search(rb"/Length (\d+) >>\nstream\n(.*)\nendstream\n$", found[4], re.DOTALL)
    assert length is not None
    assert int(length[1]) == len(length[2])
    info = re.search(rb"/Title <([0-9A-F]*)>", found[7])
    assert info is not None
    assert bytes.fromhex(info[1].decode()).decode("utf-16") == title


def test_a_pdf_shows_its_text() -> None:
    assert rb"(Gr\xf6\xdfe \(1\) \\) Tj".replace(rb"\xf6\xdf", b"\xf6\xdf") in pdf("Größe (1) \\")
    assert b"(One line.) Tj" in pdf("Title", ["One line."])


def test_a_png_has_its_pixels() -> None:
    file = png("key")
    assert file == png("key") != png("another")
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    chunks: dict[bytes, bytes] = {}
    rest = file[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        name, data = rest[4:8], rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length]) == (zlib.crc32(name + data),)
        chunks[name] = data
        rest = rest[12 + length :]
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colours) == (8, 2)
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + 3 * width)


def test_a_wav_is_as_long_as_it_says() -> None:
    with wave.open(BytesIO(wav(2))) as sound:
        assert sound.getnframes() == 2 * sound.getframerate()
