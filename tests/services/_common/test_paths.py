"""Ids in paths are checked before a request is built."""

from __future__ import annotations

import pytest

from sessionboard_async.services._common.paths import session_path, validate_path


def test_a_path_of_a_session_names_its_ids() -> None:
    assert session_path(4630, "a") == {"event_id": 4630, "session_id": "a"}
    assert session_path("e", "a", file_id="f") == {"event_id": "e", "session_id": "a", "file_id": "f"}


def test_ids_that_can_be_sent_pass() -> None:
    path = session_path(0, "a/b", file_id="ä")
    validate_path(path)
    assert path == {"event_id": 0, "session_id": "a/b", "file_id": "ä"}


@pytest.mark.parametrize("wrong", ["", ".", "..", "a\nb"])
def test_an_id_that_would_name_another_path_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(ValueError, match="file_id"):
        validate_path(session_path(4630, "a", file_id=wrong))


def test_an_id_that_is_missing_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="session_id must be a string or an integer, not NoneType"):
        validate_path(session_path(4630, None))
