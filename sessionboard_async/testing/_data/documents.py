"""Small valid files: a PDF, a PNG and a WAV, with the same bytes each time."""

from __future__ import annotations

import struct
import wave
import zlib
from collections.abc import Sequence
from io import BytesIO

from sessionboard_async.testing._data.seeded import SeededRandom

PDF = "application/pdf"
PNG = "image/png"
WAV = "audio/wav"

_LINE = 18
_SAMPLES = 8000
_WIDTH, _HEIGHT = 160, 90


def pdf(title: str, lines: Sequence[str] = ()) -> bytes:
    """Return a PDF of one page.

    Args:
        title: The title, in any script. The page itself shows the characters of Windows-1252, since the
            standard fonts of PDF readers contain no others.
        lines: The lines below the title.
    """
    page_lines = b" ".join(
        b"(%s) Tj 0 -%d Td" % (_escaped(line.encode("cp1252", "replace")), _LINE) for line in (title, *lines)
    )
    content = b"BT /F1 14 Tf 50 780 Td %s ET" % page_lines
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
        b"<< /Title <FEFF%s> >>" % title.encode("utf-16-be", "replace").hex().upper().encode(),
    )
    # The second line marks the file as binary for programs that look only at the first bytes.
    file = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    table = [b"0000000000 65535 f \n"]
    for number, body in enumerate(objects, 1):
        table.append(b"%010d 00000 n \n" % len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    end = len(file)
    file += b"xref\n0 %d\n%s" % (len(table), b"".join(table))
    file += b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(table), end)
    return bytes(file)


def wav(seconds: int) -> bytes:
    """Return silence as a WAV file: one channel, 8,000 samples of 8 bits a second."""
    file = BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(_SAMPLES)
        sound.writeframes(b"\x80" * _SAMPLES * seconds)
    return file.getvalue()


def png(*key: object) -> bytes:
    """Return a PNG of 160 by 90 pixels: stripes whose colours are derived from the key."""
    draw = SeededRandom(*key, "png")
    colours = [bytes(draw.below(256) for _ in range(3)) for _ in range(8)]
    # Each row begins with the number of its filter; 0 is none.
    row = b"\0" + b"".join(colours[column * len(colours) // _WIDTH] for column in range(_WIDTH))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(row * _HEIGHT)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _escaped(text: bytes) -> bytes:
    return text.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
