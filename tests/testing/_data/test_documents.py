"""The generated files of the embedded server: PDF, PNG and WAV."""

from __future__ import annotations

import re
import struct
import wave
import zlib
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing._data.documents import pdf, png, wav


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
