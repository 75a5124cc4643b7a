"""Proof keys: verifiers and their challenges."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async import code_challenge

UNRESERVED = "ABCXYZabcxyz0189-._~"


def test_the_example_of_rfc_7636_comes_out() -> None:
    challenge = code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(st.text(UNRESERVED, min_size=43, max_size=128))
def test_every_good_verifier_has_a_challenge_of_its_own(verifier: str) -> None:
    challenge = code_challenge(verifier)
    assert len(challenge) == 43
    assert set(challenge) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert challenge != code_challenge(secrets.token_urlsafe(64))


@pytest.mark.parametrize("verifier", ["", "a" * 42, "a" * 129, "a" * 42 + "+", "ä" * 43, "a" * 43 + "\n"])
def test_a_bad_verifier_is_refused_without_being_repeated(verifier: str) -> None:
    with pytest.raises(ValueError, match="43 to 128") as failure:
        code_challenge(verifier)
    assert not verifier or verifier not in str(failure.value)


def test_a_verifier_that_is_no_string_is_told_as_that() -> None:
    with pytest.raises(TypeError, match="code_verifier must be str, not NoneType"):
        code_challenge(None)  # type: ignore[arg-type]  # wrong on purpose
