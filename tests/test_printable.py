"""Text from outside never controls a terminal and never forges a line."""

from __future__ import annotations

import logging
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async import APIError, DecodeError, SessionboardError
from sessionboard_async._printable import printable

LOGGER = logging.getLogger("sessionboard_async")
HOSTILE = "a\x1b]0;x\x07\x1b[2J\r\nCRITICAL b\x9b31m\u202e\u2066\u2028\x85\ufeff\ud800"
ESCAPED = r"a\x1b]0;x\x07\x1b[2J\r\nCRITICAL b\x9b31m\u202e\u2066\u2028\x85\ufeff\ud800"
HARMLESS = "Zoë l\u2019été\u00a0: \u0645\u06cc\u200c\u062e\u0648\u0627 \U0001f469\u200d\U0001f4bb 東京 '\"\\"


def test_escapes_what_could_control_a_terminal_and_nothing_else() -> None:
    assert printable(HOSTILE) == ESCAPED
    assert printable(HARMLESS) == HARMLESS


@given(st.text())
def test_the_result_is_one_line_of_any_encoding_of_unicode(text: str) -> None:
    shown = printable(text)
    assert shown.splitlines() in ([], [shown])
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown)
    shown.encode()
    assert printable(shown) == shown


def test_no_text_of_an_error_holds_control_characters() -> None:
    for error in (
        SessionboardError(HOSTILE),
        APIError(HOSTILE, request_id=HOSTILE),
        DecodeError(HOSTILE, record_id=HOSTILE, path=HOSTILE),
    ):
        for one in (error, pickle.loads(pickle.dumps(error))):
            for text in (str(one), repr(one), one.message):
                assert printable(text) == text
                assert "CRITICAL" in text


def test_no_line_of_the_log_holds_control_characters(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOGGER.name)
    LOGGER.warning(HOSTILE)
    LOGGER.warning("%s: 100 %% of %s", HOSTILE, SessionboardError(HOSTILE))
    LOGGER.warning("%s", "100 %")
    first, second, third = (record.getMessage() for record in caplog.records)
    assert first == ESCAPED
    assert second == f"{ESCAPED}: 100 % of {ESCAPED}"
    assert third == "100 %"
    # Reports that group records by their arguments still can.
    assert caplog.records[2].args == ("100 %",)


def test_the_body_of_an_answer_is_in_no_text_of_its_error() -> None:
    error = APIError("400", status=400, body=b"the body")
    assert error.body == b"the body"
    for shown in (str(error), repr(error), repr(vars(error)), repr(error.args), repr(pickle.dumps(error))):
        assert "the body" not in shown
    assert pickle.loads(pickle.dumps(error)).body == b""
