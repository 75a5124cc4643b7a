"""Ids are given as records, UUIDs, texts and numbers, and checked before a request is built."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest

from sessionboard_async.models import Content, Event, FileUpload, Session, SessionStatus, Subsession
from sessionboard_async.services._common.ids.arguments import Id, id_of, validate_path
from sessionboard_async.services._common.ids.events import event_path
from sessionboard_async.services._common.ids.sessions import SessionLike, part_path, session_path

UUID_TEXT = "0b5f1d0e-3c1e-4c53-9d0a-6f6f1e0a7b11"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Session(id="a"), "a"),
        (Subsession(id="a"), "a"),
        (SessionStatus(id="a"), "a"),
        (UUID(UUID_TEXT), UUID_TEXT),
        ("a/b", "a/b"),
        (7, 7),
    ],
)
def test_an_id_is_given_in_many_forms(given: SessionLike, expected: str | int) -> None:
    assert session_path(Event(id=4630), given) == {"event_id": 4630, "session_id": expected}


def test_a_part_of_a_session_is_named_too() -> None:
    expected = {"event_id": "e", "session_id": "a", "file_id": "f"}
    for file in ("f", Content(id="f"), FileUpload(id="f")):
        path = part_path(Event(id="e"), "a", "file_id", file, Content)
        validate_path(path)
        assert path == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Event(id=1), "session_id must be Session or Subsession or .* or its id, not Event"),
        (Session(title="New"), "the Session has no id"),
    ],
)
def test_another_record_and_one_without_an_id_are_refused(given: object, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        session_path(1, cast("Session", given))


def test_no_record_stands_for_an_organization() -> None:
    with pytest.raises(TypeError, match="org_id must be an id, not Event"):
        id_of("org_id", Event(id=1), Id)


@pytest.mark.parametrize("wrong", ["", ".", "..", "a\nb"])
def test_an_id_that_would_name_another_path_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(ValueError, match="file_id"):
        validate_path(part_path(4630, "a", "file_id", wrong, Content))


@pytest.mark.parametrize("missing", [None, True, 1.5])
def test_an_id_that_is_missing_is_refused_by_name(missing: Any) -> None:
    with pytest.raises(TypeError, match="session_id must be a string or an integer, not"):
        validate_path(session_path(4630, missing))
    with pytest.raises(TypeError, match="event_id must be a string or an integer, not"):
        validate_path(event_path(missing))
