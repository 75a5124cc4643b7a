"""The token: its checks, its header, and its absence from every text."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.http.auth import Token
from sessionboard_async.errors import ConfigurationError

SECRET = "c2Vjcm/V0+dG9rZW4="
HEADER_TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


def test_authenticates_with_the_header_that_the_api_reads() -> None:
    assert Token(SECRET).headers() == {"x-access-token": SECRET}
    assert Token(SECRET).reveal() == SECRET


def test_an_access_token_of_oauth_is_a_bearer_token() -> None:
    assert Token(SECRET, "Bearer").headers() == {"Authorization": f"Bearer {SECRET}"}


def test_another_type_of_token_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="token_type must be 'api', 'Bearer' or 'none'") as caught:
        Token(SECRET, SECRET)  # type: ignore[arg-type]  # invalid on purpose
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@given(HEADER_TEXT)
def test_carries_any_printable_token_unchanged(value: str) -> None:
    assert Token(value).headers() == {"x-access-token": value}


@pytest.mark.parametrize("pasted", [f"{SECRET}\n", f"  {SECRET}", f"\t{SECRET}\r\n"])
def test_ignores_white_space_around_the_token(pasted: str) -> None:
    assert Token(pasted).reveal() == SECRET


@pytest.mark.parametrize("empty", ["", " ", "\n\t"])
def test_refuses_an_empty_token_and_names_the_variable(empty: str) -> None:
    with pytest.raises(ConfigurationError, match="SESSIONBOARD_TOKEN"):
        Token(empty)


@pytest.mark.parametrize(
    "bad", ["\n", "\r\nx-evil: 1\r\n", "\x00", "\x7f", "\x85", "é", "\u2028", "\ud800", "漢"]
)
def test_refuses_invalid_header_characters_without_repeating_them(bad: str) -> None:
    with pytest.raises(ConfigurationError, match="copy it again") as caught:
        Token(f"{SECRET}{bad}{SECRET}")
    error = caught.value
    # A chained error of `encode` or `re` would hold the token.
    assert error.__cause__ is None
    assert error.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(error))
    assert SECRET not in repr(vars(error))
    assert SECRET not in repr(pickle.dumps(error))


@given(HEADER_TEXT.filter(lambda text: text not in "Token('***')"))
def test_is_in_none_of_its_own_texts(value: str) -> None:
    token = Token(value)
    assert repr(token) == str(token) == f"{token}" == "Token('***')"
    assert not hasattr(token, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_refuses_to_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="does not pickle") as caught:
        pickle.dumps(Token(SECRET), protocol)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_refuses_to_be_copied(copied: object) -> None:
    assert callable(copied)
    with pytest.raises(TypeError, match="does not pickle"):
        copied(Token(SECRET))


@pytest.mark.parametrize("value", [5, None, {"access_token": SECRET}])
def test_a_token_that_is_no_string_is_reported_as_that(value: object) -> None:
    with pytest.raises(ConfigurationError, match="the token must be a string, not ") as caught:
        Token(value)
    assert SECRET not in str(caught.value)
