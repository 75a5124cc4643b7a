"""Answers are kept no longer than their time, within their number and bytes, and never past a drop."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async import Cache
from sessionboard_async.core.cache.answers import Answers, KeptAnswer


class Sent(msgspec.Struct, frozen=True):
    """An answer that the tests keep, with the facts by which it may be used."""

    number: int
    sent: float
    generation: int


class Kept:
    """Answers, and the time, as a client has them."""

    def __init__(self, ttl: float = 10.0, size: int = 3, max_bytes: int = 1000) -> None:
        self.answers: Answers[str] = Answers(Cache(ttl=ttl, size=size, max_bytes=max_bytes))

    def keep(
        self, target: str, value: str = "", *, size: int = 9, sent: float = 0.0, now: float = 0.0
    ) -> None:
        generation = self.answers.generation
        self.answers.keep(target, value, size, sent=sent, generation=generation, now=now)

    def targets(self, now: float = 0.0) -> str:
        return "".join(target for target in "abcdefg" if self.answers.find(target, now) is not None)


def test_an_answer_is_found_until_its_time_has_passed_since_it_was_sent() -> None:
    kept = Kept(ttl=10)
    kept.keep("a", "answer", sent=100, now=103)
    assert kept.answers.find("a", 103) == "answer"
    assert kept.answers.find("a", 109.9) == "answer"
    assert kept.answers.find("a", 110) is None
    assert kept.answers.find("b", 103) is None


def test_an_answer_that_took_longer_than_its_time_is_not_kept() -> None:
    kept = Kept(ttl=10)
    kept.keep("a", sent=100, now=110)
    assert len(kept.answers) == kept.answers.size == 0


def test_an_outdated_answer_drives_out_no_other() -> None:
    kept = Kept(ttl=10, size=1)
    kept.keep("a", sent=100, now=101)
    kept.keep("b", sent=91, now=101)
    assert kept.targets(101) == "a"


def test_a_late_answer_replaces_none_that_was_sent_after_it() -> None:
    kept = Kept()
    kept.keep("a", "newer", sent=5, now=6)
    kept.keep("a", "older", sent=4, now=7)
    assert kept.answers.find("a", 7) == "newer"
    kept.keep("a", "as new", sent=5, now=7)
    assert kept.answers.find("a", 7) == "as new"
    kept.keep("a", "newest", size=20, sent=6, now=8)
    assert kept.answers.find("a", 8) == "newest"
    assert (len(kept.answers), kept.answers.size) == (1, 21)


def test_the_answer_that_was_not_used_for_the_longest_time_goes_first() -> None:
    kept = Kept(size=3)
    for target in "abc":
        kept.keep(target)
    assert kept.answers.find("a", 0) is not None
    kept.keep("d")
    assert kept.targets() == "acd"


def test_bytes_are_bounded_and_include_the_targets() -> None:
    kept = Kept(size=100, max_bytes=100)
    for target in "abcde":
        kept.keep(target, size=24)
    assert kept.targets() == "bcde"
    assert kept.answers.size == 100
    kept.keep("f", size=70)
    assert kept.targets() == "ef"
    assert kept.answers.size == 96


@pytest.mark.parametrize(("size", "found"), [(99, "a"), (100, "b")])
def test_an_answer_larger_than_all_may_be_drives_out_no_other(size: int, found: str) -> None:
    kept = Kept(max_bytes=100)
    kept.keep("b", size=50)
    kept.keep("a", size=size)
    assert kept.targets() == found


def test_an_answer_that_became_too_large_is_not_found_in_its_earlier_form() -> None:
    kept = Kept(max_bytes=100)
    kept.keep("a", "small", sent=1)
    kept.keep("a", "large", sent=2, size=100)
    assert kept.answers.find("a", 2) is None
    assert kept.answers.size == 0


def test_outdated_answers_do_not_stay_in_memory() -> None:
    kept = Kept(ttl=10, size=100)
    for target in "abc":
        kept.keep(target, sent=1, now=1)
    kept.keep("d", sent=11, now=11)
    assert (len(kept.answers), kept.answers.size) == (1, 10)


def test_a_drop_also_refuses_answers_that_were_requested_before_it() -> None:
    kept = Kept()
    kept.keep("a")
    before = kept.answers.generation
    kept.answers.drop()
    assert (len(kept.answers), kept.answers.size) == (0, 0)
    kept.answers.keep("b", "old", 1, sent=0, generation=before, now=0)
    kept.keep("c")
    assert kept.targets() == "c"
    kept.answers.drop()
    assert kept.answers.generation == 2


def test_a_repr_shows_no_answer() -> None:
    kept = Kept()
    kept.keep("planted-target", "planted-answer")
    assert "planted" not in repr(kept.answers)
    (entry,) = vars(kept.answers)["_kept"].values()
    assert "planted" not in repr(entry)


TARGETS = st.sampled_from(["a", "b", "c", "longer"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("request"), TARGETS, st.integers(0, 60)),
        st.tuples(st.just("answer"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("pass"), st.integers(0, 12), st.just(0)),
        st.tuples(st.just("find"), TARGETS, st.just(0)),
        st.tuples(st.just("drop"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(steps=STEPS, ttl=st.integers(1, 20), size=st.integers(1, 5), max_bytes=st.integers(1, 150))
def test_no_answer_is_older_than_its_time_nor_than_the_last_drop(
    steps: list[tuple[str, str | int, int]], ttl: int, size: int, max_bytes: int
) -> None:
    """Requests are sent, answered in any order, and looked up, while time passes and writes drop all."""
    answers: Answers[Sent] = Answers(Cache(ttl=ttl, size=size, max_bytes=max_bytes))
    numbers, now, latest_drop = count(), 0.0, 0
    under_way: list[tuple[str, int, Sent]] = []
    newest: dict[str, Sent] = {}
    for step, argument, bytes_ in steps:
        if step == "request":
            under_way.append((str(argument), bytes_, Sent(next(numbers), now, answers.generation)))
        elif step == "answer" and under_way:
            target, bytes_, answer = under_way.pop(int(argument) % len(under_way))
            answers.keep(target, answer, bytes_, sent=answer.sent, generation=answer.generation, now=now)
            is_of_now = answer.generation == answers.generation and now < answer.sent + ttl
            if is_of_now and answer.sent >= newest.get(target, answer).sent:
                newest[target] = answer
                if bytes_ + len(target) <= max_bytes:
                    assert answers.find(target, now) == answer
        elif step == "pass":
            now += int(argument)
        elif step == "drop":
            answers.drop()
            latest_drop, newest = next(numbers), {}
        elif (found := answers.find(str(argument), now)) is not None:
            assert found == newest[str(argument)]
            assert found.number > latest_drop or latest_drop == 0
            assert now - found.sent < ttl
        assert len(answers) <= size
        assert 0 <= answers.size <= max_bytes


def test_a_kept_answer_shows_its_size_alone() -> None:
    entry = KeptAnswer("planted", 7, 1.0)
    assert repr(entry) == "<KeptAnswer of 7 bytes>"
    assert entry.__rich_repr__() == [("size", 7)]
