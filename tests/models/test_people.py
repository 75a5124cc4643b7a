"""The people on a session, from all the arrays that hold them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.models import Session, SessionParticipant, SessionSpeaker, Subsession

ARRAYS = ("participants", "speakers", "chairpersons", "moderators")


def entries(kind: type[SessionSpeaker]) -> st.SearchStrategy[tuple[SessionSpeaker, ...] | None]:
    people = st.builds(
        kind,
        id=st.sampled_from(["ada", "bao", "cem", "dia", None]),
        order=st.none() | st.integers(-1, 3),
        is_public=st.none() | st.booleans(),
        company_name=st.uuids().map(str),
    )
    return st.none() | st.lists(people, max_size=5).map(tuple)


SESSIONS = st.builds(
    Session,
    participants=entries(SessionParticipant),
    **{name: entries(SessionSpeaker) for name in ARRAYS[1:]},
)


def sent(session: Session) -> list[SessionSpeaker]:
    """Return all entries, array by array."""
    return [entry for name in ARRAYS for entry in getattr(session, name) or ()]


@given(SESSIONS)
def test_each_person_is_there_once_and_none_is_lost(session: Session) -> None:
    ids = [person.id for person in session.people if person.id is not None]

    assert len(ids) == len(set(ids))
    assert set(ids) == {entry.id for entry in sent(session)} - {None}


@given(SESSIONS)
def test_people_without_an_id_are_all_kept(session: Session) -> None:
    assert [person for person in session.people if person.id is None] == sorted(
        (entry for entry in sent(session) if entry.id is None),
        key=lambda entry: float("inf") if entry.order is None else entry.order,
    )


@given(SESSIONS)
def test_people_stand_by_order_and_else_as_they_were_sent(session: Session) -> None:
    first_seen = {entry.company_name: place for place, entry in reversed([*enumerate(sent(session))])}
    places = [
        (float("inf") if person.order is None else person.order, first_seen[person.company_name])
        for person in session.people
    ]

    assert places == sorted(places)


@given(SESSIONS)
def test_a_person_is_the_first_entry_with_the_order_of_any(session: Session) -> None:
    for person in session.people:
        if person.id is None:
            continue
        own = [entry for entry in sent(session) if entry.id == person.id]
        orders = [entry.order for entry in own if entry.order is not None]
        assert person.company_name == own[0].company_name
        assert type(person) is type(own[0])
        assert person.order == (orders[0] if orders else None)


@given(SESSIONS)
def test_who_is_hidden_anywhere_is_hidden(session: Session) -> None:
    for person in session.people:
        if person.id is None:
            continue
        said = {entry.is_public for entry in sent(session) if entry.id == person.id}
        assert person.is_public is (False if False in said else True if True in said else None)


@given(SESSIONS)
def test_an_entry_that_needs_nothing_filled_in_is_handed_on_itself(session: Session) -> None:
    given_entries = {id(entry): entry for entry in sent(session)}

    for person in session.people:
        assert id(person) in given_entries or any(
            entry.id == person.id and (entry.order, entry.is_public) != (person.order, person.is_public)
            for entry in sent(session)
        )


@pytest.mark.parametrize("kind", [Session, Subsession])
def test_no_person_is_on_an_empty_session(kind: type[Session | Subsession]) -> None:
    assert kind().people == ()
    assert kind(speakers=(), participants=()).people == ()


def test_a_hidden_speaker_stays_hidden_behind_an_entry_that_does_not_tell() -> None:
    session = Session(
        participants=(SessionParticipant(id="ada", session_participant_id="p1"),),
        speakers=(
            SessionSpeaker(id="ada", is_public=False, order=2),
            SessionSpeaker(id="bao", is_public=True, order=1),
        ),
    )

    assert session.people == (
        SessionSpeaker(id="bao", is_public=True, order=1),
        SessionParticipant(id="ada", session_participant_id="p1", is_public=False, order=2),
    )
    assert [person.id for person in session.people if person.is_public is not False] == ["bao"]
