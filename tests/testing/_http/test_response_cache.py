"""Caches of the embedded server's answers."""

from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing._http.response_cache import (
    AnswerCache,
    EncodedAnswer,
    ExpiringAnswers,
)


@given(st.lists(st.integers(0, 8), max_size=60), st.integers(1, 60))
def test_the_cache_keeps_recent_answers_within_its_capacity(keys: list[int], capacity: int) -> None:
    cache = AnswerCache(capacity)
    kept: list[int] = []
    for key in keys:
        answer = cache.find(key)
        assert (answer is not None) == (key in kept)
        if answer is None:
            cache.keep(key, EncodedAnswer(bytes([key]) * 10))
        else:
            assert answer.body == bytes([key]) * 10
            kept.remove(key)
        kept.append(key)
        kept = kept[-max(1, capacity // 10) :]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), max_size=60), st.integers(1, 60))
def test_answers_expire_and_the_oldest_ones_are_forgotten_beyond_the_capacity(
    asked: list[tuple[int, int]], capacity: int
) -> None:
    now = 0
    cache = ExpiringAnswers(5, lambda: now, capacity)
    made: dict[int, int] = {}
    for key, seconds in asked:
        now += seconds
        made = {each: since for each, since in made.items() if since > now - 5}
        answer = cache.find(key)
        assert (answer is not None) == (key in made)
        if answer is None:
            cache.keep(key, EncodedAnswer(bytes(10)))
            made[key] = now
            made = dict(list(made.items())[-max(1, capacity // 10) :])


def test_gzip_is_the_same_text_and_the_same_bytes_each_time() -> None:
    body = "Größe – 大きさ".encode() * 100
    assert gzip.decompress(EncodedAnswer(body).gzipped) == body
    assert EncodedAnswer(body).gzipped == EncodedAnswer(body).gzipped
