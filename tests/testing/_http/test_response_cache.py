"""Caches of the embedded server's answers."""

from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing._http.response_cache import AnswerCache, EncodedAnswer


def test_an_answer_is_made_once() -> None:
    made: list[str] = []

    def make() -> EncodedAnswer:
        made.append("again")
        return EncodedAnswer(b"{}")

    cache = AnswerCache(100)
    assert cache.get("key", make) is cache.get("key", make)
    assert made == ["again"]


@given(st.lists(st.integers(0, 8), max_size=60), st.integers(1, 60))
def test_the_cache_keeps_recent_answers_within_its_capacity(keys: list[int], capacity: int) -> None:
    cache = AnswerCache(capacity)
    kept: list[int] = []
    for key in keys:
        made: list[int] = []

        def make(key: int = key, made: list[int] = made) -> EncodedAnswer:
            made.append(key)
            return EncodedAnswer(bytes([key]) * 10)

        answer = cache.get(key, make)
        assert answer.body == bytes([key]) * 10
        assert (not made) == (key in kept)
        if key in kept:
            kept.remove(key)
        kept.append(key)
        kept = kept[-max(1, capacity // 10) :]


def test_gzip_is_the_same_text_and_the_same_bytes_each_time() -> None:
    body = "Größe – 大きさ".encode() * 100
    assert gzip.decompress(EncodedAnswer(body).gzipped) == body
    assert EncodedAnswer(body).gzipped == EncodedAnswer(body).gzipped
