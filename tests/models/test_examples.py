"""Records as servers send them, field by field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from sessionboard_async import models
from sessionboard_async.models import ParticipantRole, Session, SessionParticipant


def decode(model: type[models.Record], payload: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(payload), type=model)


def test_ids_of_events_may_be_strings() -> None:
    assert [decode(models.Event, {"id": id_}).id for id_ in (4630, "4630")] == [4630, "4630"]
    assert decode(models.Track, {"event_id": "evt"}).event_id == "evt"
    assert decode(models.OrgContactSessionSummary, {"event_id": 4630}).event_id == 4630


def test_field_definitions_are_dated_in_camel_case() -> None:
    field = decode(models.Field, {"internal_name": "co_authors", "updatedAt": "2026-01-21T13:15:57.710Z"})

    assert field.updated_at == datetime(2026, 1, 21, 13, 15, 57, 710_000, tzinfo=UTC)


def test_a_session_of_a_search_reads_as_it_was_sent() -> None:
    session: Session = decode(
        Session,
        {
            "id": "0b6f1a52-8d2f-4f0e-9a57-3f4c5d6e7f80",
            "friendly_id": "SESS-601",
            "friendly_id_raw": 601,
            "title": "Was Bäume über Städte wissen",
            "status": "withdrawn",
            "starts_at": "2026-08-11T09:00:00Z",
            "ends_at": None,
            "capacity": 120,
            "ceu_credits": 1,
            "custom_status": {"id": "st-1", "name": "Needs slides"},
            "composition_status": {
                "role": "source",
                "is_read_only": True,
                "target": {"id": "t-1", "friendly_id": "SESS-600", "title": "Urban trees"},
            },
            "language": {"id": "l-1", "event_id": "4630", "name": "Deutsch", "order": 0},
            "track": {},
            "level": None,
            "format": {"id": "f-1", "name": "Panel"},
            "room": {"id": "r-1", "name": "Saal 2", "capacity": None},
            "tags": [{"id": "tag-1", "name": "Green"}],
            "participants": [
                {
                    "id": "c-1",
                    "session_participant_id": "sp-1",
                    "full_name": "Ngozi Okafor",
                    "photo_url": None,
                    "participant_role": {"slug": "panelist", "name": "Panelist", "core_role": "speaker"},
                    "order": 2,
                    "is_public": False,
                    "friendly_id_raw": 42,
                }
            ],
            "content": [{"id": "file-1", "filename": "slides.pdf", "size": 12_345}],
            "subsessions": [
                {"id": "sub-1", "parent_session_friendly_id": "SESS-601", "format": {}, "source": "Manual"}
            ],
            "starts_at_epoch": 1_786_438_800_000,
        },
    )

    assert session.starts_at == datetime(2026, 8, 11, 9, tzinfo=UTC)
    assert session.ends_at is None
    assert session.status == "withdrawn"
    assert session.ceu_credits == 1.0
    assert session.custom_status is not None
    assert session.custom_status.name == "Needs slides"
    assert session.composition_status is not None
    assert session.composition_status.target is not None
    assert session.composition_status.target.friendly_id == "SESS-600"
    assert (session.track, session.level) == (None, None)
    assert session.room is not None
    assert session.room.capacity is None
    assert session.speakers is None
    assert session.participants == (
        SessionParticipant(
            id="c-1",
            session_participant_id="sp-1",
            full_name="Ngozi Okafor",
            participant_role=ParticipantRole(slug="panelist", name="Panelist", core_role="speaker"),
            order=2,
            is_public=False,
            friendly_id_raw=42,
        ),
    )
    assert session.subsessions is not None
    assert (session.subsessions[0].format, session.subsessions[0].source) == (None, "Manual")


def test_statuses_report_deleted_sessions_and_subsessions() -> None:
    row = decode(
        models.SessionStatus,
        {
            "id": "s-1",
            "status": None,
            "custom_status": {},
            "deleted_at": "2026-08-09T10:00:00.000Z",
            "subsessions": [{"id": "s-1-1", "custom_status": {}, "parent_session_friendly_id_raw": 601}],
        },
    )

    assert row.deleted_at == datetime(2026, 8, 9, 10, tzinfo=UTC)
    assert row.custom_status is None
    assert row.subsessions == (models.SubsessionStatus(id="s-1-1", parent_session_friendly_id_raw=601),)


def test_the_sessions_of_a_contact_have_a_status_by_name() -> None:
    answer = decode(
        models.ContactSessions,
        {
            "status": "accepted",
            "sessions": [{"id": "s-1", "title": "Opening", "custom_status": "Needs slides"}],
        },
    )

    assert answer.status == "accepted"
    assert answer.sessions[0].custom_status == "Needs slides"
