"""Decompression: exact results up to the limit, and never more than the limit."""

from __future__ import annotations

import gzip
import importlib
import os
import sys
import time
import tracemalloc
import types
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionboard_async.core.http import compression
from sessionboard_async.core.http.compression import ACCEPT_ENCODING, Inflater, inflate
from sessionboard_async.errors import DecodeError, ResponseError, ResponseTooLargeError

MEBIBYTE = 1 << 20
TEXT = b'{"results":[{"title":"Keynote"}]}' * 500

# Every implementation may get the same examples.
with_each = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def _gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _compressors() -> dict[str, Callable[[bytes], bytes]]:
    found: dict[str, Callable[..., bytes]] = {"gzip": _gzipped}
    for coding, names in (("zstd", ("compression.zstd", "backports.zstd")), ("br", ("brotli",))):
        for name in names:
            try:
                found[coding] = importlib.import_module(name).compress
                break
            except ImportError:
                continue
    if "br" in found:
        # The best compression takes seconds for 32 MiB.
        found["br"] = partial(found["br"], quality=2)
    return {coding: compress for coding, compress in found.items() if coding in ACCEPT_ENCODING.split(", ")}


COMPRESSORS = _compressors()
IMPLEMENTATIONS = {"zlib": "gzip"} | ({"isal": "gzip"} if compression.gzip_module is not zlib else {})
IMPLEMENTATIONS |= {coding: coding for coding in COMPRESSORS if coding != "gzip"}


def _choose(implementation: str, monkeypatch: pytest.MonkeyPatch) -> str:
    if implementation == "zlib":
        monkeypatch.setattr(compression, "gzip_module", zlib)
    return IMPLEMENTATIONS[implementation]


@pytest.fixture(params=IMPLEMENTATIONS)
def coding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    return _choose(request.param, monkeypatch)


@pytest.fixture(params=[name for name, coding in IMPLEMENTATIONS.items() if coding != "br"])
def coding_with_members(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A coding whose data may have several members, each with a checksum or a frame."""
    return _choose(request.param, monkeypatch)


@pytest.fixture(params=[name for name, coding in IMPLEMENTATIONS.items() if coding == "gzip"])
def gzip_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    _choose(request.param, monkeypatch)


# Within the limit


@with_each
@given(data=st.binary(max_size=5_000), times=st.integers(1, 50))
def test_any_data_is_decompressed_unchanged(coding: str, data: bytes, times: int) -> None:
    assert inflate(COMPRESSORS[coding](data * times), coding, len(data) * times) == data * times


@with_each
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_several_members_are_one_body(coding_with_members: str, parts: list[bytes]) -> None:
    body = b"".join(COMPRESSORS[coding_with_members](part) for part in parts)
    assert inflate(body, coding_with_members, len(b"".join(parts))) == b"".join(parts)


def test_large_data_is_decompressed_unchanged(coding: str) -> None:
    data = TEXT * 400
    assert inflate(COMPRESSORS[coding](data), coding, 64 * MEBIBYTE) == data


def test_an_empty_body_is_empty_in_any_coding(coding: str) -> None:
    assert inflate(b"", coding, 0) == b""
    assert inflate(COMPRESSORS[coding](b""), coding, 0) == b""


@pytest.mark.parametrize("name", ["", "identity", "Identity", " identity ", "  "])
@given(body=st.binary())
def test_an_uncompressed_body_is_returned_unchanged(name: str, body: bytes) -> None:
    assert inflate(body, name, 10) == body


@pytest.mark.parametrize("name", ["gzip", "GZip", "x-gzip", "X-GZIP", " gzip "])
def test_gzip_has_two_names_in_any_case(name: str) -> None:
    assert inflate(_gzipped(TEXT), name, len(TEXT)) == TEXT


@pytest.mark.parametrize("field", ["name", "comment", "crc"])
@pytest.mark.usefixtures("gzip_only")
def test_reads_gzip_headers_with_everything_in_them(field: str) -> None:
    flag, extra = {"name": (8, b"talks.json\0"), "comment": (16, b"hello\0"), "crc": (4, b"\x02\x00ab")}[
        field
    ]
    plain = _gzipped(TEXT)
    assert inflate(plain[:3] + bytes([flag]) + plain[4:10] + extra + plain[10:], "gzip", len(TEXT)) == TEXT


def test_the_largest_limit_is_accepted(coding: str) -> None:
    assert inflate(COMPRESSORS[coding](TEXT), coding, sys.maxsize) == TEXT


# Beyond the limit


def test_the_limit_is_exact(coding: str) -> None:
    body = COMPRESSORS[coding](TEXT)
    assert inflate(body, coding, len(TEXT)) == TEXT
    with pytest.raises(ResponseTooLargeError, match=f"larger than {len(TEXT) - 1} bytes when decompressed"):
        inflate(body, coding, len(TEXT) - 1)


@with_each
@given(size=st.integers(1, 300_000), data=st.data())
def test_any_limit_is_exact(coding: str, size: int, data: st.DataObject) -> None:
    body = COMPRESSORS[coding](b"a" * size)
    limit = data.draw(st.integers(0, size - 1))
    assert len(inflate(body, coding, size)) == size
    with pytest.raises(ResponseTooLargeError, match="max_response_bytes"):
        inflate(body, coding, limit)


def test_the_limit_holds_for_all_members_together(coding_with_members: str) -> None:
    body = COMPRESSORS[coding_with_members](TEXT) * 2
    assert inflate(body, coding_with_members, 2 * len(TEXT)) == TEXT * 2
    for limit in (2 * len(TEXT) - 1, len(TEXT), len(TEXT) - 1):
        with pytest.raises(ResponseTooLargeError):
            inflate(body, coding_with_members, limit)


@pytest.mark.untraced
def test_a_decompression_bomb_is_refused(coding: str) -> None:
    bomb = COMPRESSORS[coding](bytes(32 * MEBIBYTE))
    assert len(bomb) < MEBIBYTE // 10
    tracemalloc.start()
    try:
        with pytest.raises(ResponseTooLargeError):
            inflate(bomb, coding, MEBIBYTE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MEBIBYTE


@pytest.mark.parametrize("padding", [b"\x00", b"\r\n", b"\n", b"\x00" * 10_000, b"\x00\r\n"])
def test_padding_behind_gzip_data_is_ignored(gzip_only: None, padding: bytes) -> None:
    assert inflate(_gzipped(TEXT) + padding, "gzip", len(TEXT)) == TEXT
    assert inflate(_gzipped(TEXT) + padding + _gzipped(b"!"), "gzip", len(TEXT) + 1) == TEXT + b"!"


@pytest.mark.usefixtures("gzip_only")
def test_many_empty_members_before_much_data_are_read_in_linear_time() -> None:
    rest = os.urandom(8 * MEBIBYTE)
    body = _gzipped(b"") * 5_000 + _gzipped(rest)
    began = time.process_time()
    assert inflate(body, "gzip", len(rest)) == rest
    # A copy of the rest for each member would be 40 GB.
    assert time.process_time() - began < 2.0


@with_each
@given(text=st.binary(max_size=300), times=st.integers(1, 4000), cuts=st.lists(st.integers(0, 1 << 16)))
def test_a_body_in_chunks_is_decompressed_as_a_whole_one_is(
    coding: str, text: bytes, times: int, cuts: list[int]
) -> None:
    body = COMPRESSORS[coding](text * times)
    inflater = Inflater(coding)
    made = b""
    for start, end in pairwise(sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})):
        made += b"".join(inflater.feed(body[start:end]))
    inflater.end()
    assert made == text * times


def test_a_body_in_chunks_that_is_cut_short_is_refused(coding: str) -> None:
    body = COMPRESSORS[coding](TEXT)
    for end in range(1, len(body)):
        inflater = Inflater(coding)
        error = None
        try:
            assert TEXT.startswith(b"".join(inflater.feed(body[:end])))
            inflater.end()
        except DecodeError as caught:
            error = caught
        assert error is not None


def test_a_bomb_in_chunks_comes_in_parts_of_limited_size(coding: str) -> None:
    body = COMPRESSORS[coding](bytes(20 * MEBIBYTE))
    inflater = Inflater(coding)
    sizes = [len(part) for part in inflater.feed(body)]
    inflater.end()
    assert sum(sizes) == 20 * MEBIBYTE
    # Brotli takes the limit as approximate.
    assert max(sizes) <= 2 * MEBIBYTE


# Invalid data


def test_data_cut_short_anywhere_is_refused(coding: str) -> None:
    body = COMPRESSORS[coding](TEXT)
    for end in range(1, len(body)):
        with pytest.raises(ResponseError, match=f"the answer's {coding} data is (cut short|broken)"):
            inflate(body[:end], coding, len(TEXT))


def test_data_cut_short_in_a_later_member_is_refused(coding_with_members: str) -> None:
    body = COMPRESSORS[coding_with_members](TEXT)
    for end in range(1, len(body)):
        with pytest.raises(ResponseError, match=r"is (cut short|broken)"):
            inflate(body + body[:end], coding_with_members, 3 * len(TEXT))


def test_garbage_behind_the_data_is_refused(coding: str) -> None:
    for garbage in (b"\x01", b"garbage", b"\x00" * 100 + b"\x01", b'{"results":[]}'):
        with pytest.raises(ResponseError, match=r"is (cut short|broken)"):
            inflate(COMPRESSORS[coding](TEXT) + garbage, coding, 3 * len(TEXT))


@with_each
@given(body=st.binary(min_size=1))
def test_garbage_is_refused_or_read_within_the_limit(coding: str, body: bytes) -> None:
    refusal: ResponseError | None = None
    try:
        assert len(inflate(body, coding, 100)) <= 100
    except ResponseError as error:
        refusal = error
    if refusal is not None:
        assert refusal.__cause__ is refusal.__context__ is None
        assert coding in str(refusal) or isinstance(refusal, ResponseTooLargeError)


@with_each
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_never_changes_what_is_read(coding_with_members: str, position: int, bit: int) -> None:
    body = bytearray(COMPRESSORS[coding_with_members](TEXT))
    body[position % len(body)] ^= 1 << bit
    try:
        read = inflate(bytes(body), coding_with_members, 2 * len(TEXT))
    except ResponseError:
        return
    if coding_with_members == "gzip":
        assert read == TEXT


@pytest.mark.usefixtures("gzip_only")
@pytest.mark.parametrize("size", [0, 1, len(TEXT) - 1, len(TEXT) + 1, 0xFFFFFFFF])
def test_a_wrong_size_in_the_trailer_is_refused(size: int) -> None:
    body = _gzipped(TEXT)[:-4] + size.to_bytes(4, "little")
    with pytest.raises(ResponseError, match="broken"):
        inflate(body, "gzip", 2 * len(TEXT))
    with pytest.raises(ResponseTooLargeError):
        inflate(body, "gzip", 100)


@pytest.mark.usefixtures("gzip_only")
def test_a_wrong_checksum_is_refused() -> None:
    body = _gzipped(TEXT)
    with pytest.raises(ResponseError, match="broken"):
        inflate(body[:-8] + bytes(4) + body[-4:], "gzip", len(TEXT))


@pytest.mark.parametrize("data", [zlib.compress(TEXT), TEXT])
@pytest.mark.usefixtures("gzip_only")
def test_data_of_another_coding_is_refused(data: bytes) -> None:
    with pytest.raises(ResponseError, match=r"broken|cut short"):
        inflate(data, "gzip", 2 * len(TEXT))


@pytest.mark.parametrize("name", ["deflate", "compress", "gzip, br", "gzip, gzip", "gzip;q=1", "*", "gzipp"])
def test_a_coding_that_was_not_requested_is_refused_by_name(name: str) -> None:
    with pytest.raises(ResponseError, match="content coding that was not requested") as caught:
        inflate(_gzipped(TEXT), name, len(TEXT))
    assert repr(name) in str(caught.value)


def test_a_long_name_of_a_coding_is_cut() -> None:
    with pytest.raises(ResponseError) as caught:
        inflate(b"", "z" * 5_000, 1)
    assert len(str(caught.value)) < 150


# Supported codings


@pytest.fixture
def reloaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Load a second copy of the module, with other packages installed."""

    def load(**packages: ModuleType | None) -> ModuleType:
        for name in ("isal.isal_zlib", "compression.zstd", "backports.zstd", "brotli"):
            monkeypatch.setitem(sys.modules, name, packages.get(name.rpartition(".")[2]))
        spec = importlib.util.find_spec(compression.__name__)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    monkeypatch.undo()


def test_requests_only_supported_codings() -> None:
    for name in ACCEPT_ENCODING.split(", "):
        assert inflate(COMPRESSORS[name](TEXT), name, len(TEXT)) == TEXT


def test_gzip_needs_no_package(reloaded: Callable[..., ModuleType]) -> None:
    bare = reloaded()
    assert bare.ACCEPT_ENCODING == "gzip"
    assert bare.inflate(_gzipped(TEXT), "gzip", len(TEXT)) == TEXT
    with pytest.raises(ResponseError, match="'br'"):
        bare.inflate(b"x", "br", 1)


def test_a_brotli_without_a_size_limit_is_not_requested(reloaded: Callable[..., ModuleType]) -> None:
    class Decompressor:
        """The interface of Brotli 1.1, without ``output_buffer_limit``."""

        def process(self, data: bytes) -> bytes:
            return data

        def is_finished(self) -> bool:
            return True

    old = types.ModuleType("brotli")
    old.Decompressor = Decompressor  # type: ignore[attr-defined]  # a module made here
    assert "br" not in reloaded(brotli=old).ACCEPT_ENCODING
