"""Result types of writes and of calls without pages, as the type checkers see them; never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

from sessionboard_async import UNSET, AsyncSession, BulkOutcomes, Create, Delete, Download, Pager, Update
from sessionboard_async.models import (
    AgendaDraft,
    AuthorizationRequest,
    AuthorizationServer,
    BaseContentItem,
    BulkOutcome,
    BulkResult,
    Contact,
    Content,
    Dashboard,
    DraftChanges,
    DraftSession,
    EventContent,
    Exhibitor,
    Field,
    FileUpload,
    Format,
    GDPRRequest,
    GeneratedQuery,
    Language,
    Level,
    MediaItem,
    MediaUpload,
    OAuthTokens,
    Persona,
    Recording,
    RecordingUpload,
    Room,
    Rule,
    SavedQuery,
    Session,
    SessionContent,
    SignedParts,
    Sponsor,
    Status,
    Suggestion,
    Tag,
    Track,
    Transcription,
    UploadAddress,
    Widget,
)
from sessionboard_async.types import Operations

MORNING = "2026-09-14T09:00:00Z"


async def sessions(sb: AsyncSession) -> None:
    talk = await sb.sessions.create(4630, title="Maps", starts_at=MORNING, tag_ids=["a"], capacity=None)
    assert_type(talk, Session)
    assert_type(await sb.sessions.update(4630, talk, title="Maps for all", room_id=UNSET), Session)
    assert_type(await sb.sessions.update(4630, "an-id", updated_at=MORNING), Session)
    assert_type(await sb.sessions.update_fields(4630, talk, {"stage": 1}), Session)
    assert_type(await sb.sessions.delete(4630, talk), None)
    assert_type(await sb.sessions.restore(4630, "an-id"), Session)
    outcomes = BulkOutcomes()
    operations: Operations = [Create({"title": "Maps"}), Update(talk, {}), Delete("an-id")]
    result = await sb.sessions.bulk(4630, operations, outcomes=outcomes, allow_masked=True)
    assert_type(outcomes.result, BulkResult)
    assert_type(next(iter(outcomes)), BulkOutcome)
    assert_type(result, BulkResult)
    assert_type(result.failures, tuple[BulkOutcome, ...])


async def people_and_accounts(sb: AsyncSession) -> None:
    contact = await sb.contacts.create(4630, email="a@example.org", custom_fields={"pet": "owl"})
    assert_type(contact, Contact)
    assert_type(await sb.contacts.update(4630, contact, phone=None), Contact)
    assert_type(await sb.contacts.delete(4630, contact), None)
    assert_type(await sb.contacts.restore(4630, contact), Contact)
    assert_type(await sb.contacts.bulk(4630, []), BulkResult)
    sponsor = await sb.sponsors.create(4630, name="Fjord Data")
    assert_type(sponsor, Sponsor)
    assert_type(await sb.sponsors.update(4630, sponsor, name="Fjord"), Sponsor)
    assert_type(await sb.sponsors.delete(4630, sponsor), None)
    assert_type(await sb.sponsors.restore(4630, sponsor), Sponsor)
    assert_type(await sb.sponsors.bulk(4630, []), BulkResult)
    exhibitor = await sb.exhibitors.create(4630, account_id="an-id")
    assert_type(exhibitor, Exhibitor)
    assert_type(await sb.exhibitors.update(4630, exhibitor, name="Fjord"), Exhibitor)
    assert_type(await sb.exhibitors.delete(4630, exhibitor), None)
    assert_type(await sb.exhibitors.restore(4630, exhibitor), Exhibitor)
    assert_type(await sb.exhibitors.bulk(4630, []), BulkResult)


async def settings(sb: AsyncSession) -> None:
    assert_type(await sb.fields.create(4630, name="Pet", type="text", module_id="contact"), Field)
    assert_type(await sb.fields.update(4630, "an-id", name="Pets"), Field)
    assert_type(await sb.fields.delete(4630, "an-id"), None)
    assert_type(await sb.rooms.create(4630, name="Aula", capacity=300), Room)
    assert_type(await sb.rooms.update(4630, "an-id", capacity=None, extra={"floor": 2}), Room)
    assert_type(await sb.rooms.delete(4630, "an-id"), None)
    assert_type(await sb.tracks.create(4630, name="Maps", color="#123456"), Track)
    assert_type(await sb.tracks.update(4630, "an-id", color=None), Track)
    assert_type(await sb.tracks.delete(4630, "an-id"), None)
    assert_type(await sb.tags.create(4630, name="maps"), Tag)
    assert_type(await sb.tags.update(4630, "an-id", name="map"), Tag)
    assert_type(await sb.tags.delete(4630, "an-id"), None)
    assert_type(await sb.formats.create(4630, name="Panel"), Format)
    assert_type(await sb.formats.update(4630, "an-id", name="Talk"), Format)
    assert_type(await sb.formats.delete(4630, "an-id"), None)
    assert_type(await sb.levels.create(4630, name="New"), Level)
    assert_type(await sb.levels.update(4630, "an-id", name="Old"), Level)
    assert_type(await sb.levels.delete(4630, "an-id"), None)
    assert_type(await sb.languages.create(4630, name="Deutsch"), Language)
    assert_type(await sb.languages.update(4630, "an-id", name="English"), Language)
    assert_type(await sb.languages.delete(4630, "an-id"), None)
    assert_type(await sb.statuses.create(4630, name="On hold"), Status)
    assert_type(await sb.statuses.update(4630, "an-id", color="#123456"), Status)
    assert_type(await sb.statuses.delete(4630, "an-id"), None)
    assert_type(await sb.statuses.restore(4630, "an-id"), Status)


async def planning(sb: AsyncSession) -> None:
    assert_type(sb.agenda_drafts.list(4630), Pager[AgendaDraft])
    assert_type(await sb.agenda_drafts.create(4630, name="Plan B"), AgendaDraft)
    assert_type(await sb.agenda_drafts.get(4630, "an-id"), AgendaDraft)
    assert_type(await sb.agenda_drafts.update(4630, "an-id", description=None), AgendaDraft)
    assert_type(await sb.agenda_drafts.delete(4630, "an-id"), None)
    changes = await sb.agenda_drafts.changes(4630, "an-id")
    assert_type(changes, DraftChanges)
    assert_type(changes.as_sent, dict[str, Any])
    assert_type(await sb.agenda_drafts.commit(4630, "an-id"), None)
    assert_type(sb.agenda_drafts.sessions(4630, "an-id"), Pager[DraftSession])
    added = await sb.agenda_drafts.add_session(4630, "an-id", session_id="a", starts_at=MORNING)
    assert_type(added, DraftSession)
    assert_type(await sb.agenda_drafts.update_session(4630, "an-id", "b", room_id=None), DraftSession)
    assert_type(await sb.agenda_drafts.remove_session(4630, "an-id", "b"), None)
    assert_type(await sb.agenda_drafts.bulk_sessions(4630, "an-id", [Delete("b")]), BulkResult)
    assert_type(sb.rules.list(4630), Pager[Rule])
    assert_type(await sb.rules.create(4630, name="No overlap", type="overlap", config={"a": 1}), Rule)
    assert_type(await sb.rules.get(4630, "an-id"), Rule)
    assert_type(await sb.rules.update(4630, "an-id", enabled=False), Rule)
    assert_type(await sb.rules.delete(4630, "an-id"), None)
    assert_type(sb.personas.list(4630), Pager[Persona])
    assert_type(await sb.personas.create(4630, name="Ada"), Persona)
    assert_type(await sb.personas.get(4630, "an-id"), Persona)
    assert_type(await sb.personas.update(4630, "an-id", description="Curious"), Persona)
    assert_type(await sb.personas.delete(4630, "an-id"), None)


async def reports(sb: AsyncSession) -> None:
    assert_type(sb.dashboards.list(event_id=4630), Pager[Dashboard])
    assert_type(await sb.dashboards.create(name="Numbers", widgets=[{"type": "table"}]), Dashboard)
    assert_type(await sb.dashboards.get("an-id"), Dashboard)
    assert_type(await sb.dashboards.update("an-id", event_id=4630, name="Figures"), Dashboard)
    assert_type(await sb.dashboards.delete("an-id"), None)
    assert_type(await sb.widgets.create("an-id", type="table", query="FIND Session"), Widget)
    assert_type(await sb.widgets.update("an-id", title=None), Widget)
    assert_type(await sb.widgets.delete("an-id", event_id=4630), None)
    assert_type(sb.queries.list(category="speakers"), Pager[SavedQuery])
    assert_type(await sb.queries.create(name="All", query="FIND Session"), SavedQuery)
    assert_type(await sb.queries.update("an-id", name="Every"), SavedQuery)
    assert_type(await sb.queries.delete("an-id"), None)
    assert_type(sb.queries.run("an-id", event_id=4630), Pager[dict[str, Any]])


async def insights(sb: AsyncSession) -> None:
    rows = sb.insights.execute("FIND Session", event_id=4630, sort_direction="asc", page_size=50)
    assert_type(rows, Pager[dict[str, Any]])
    assert_type(await sb.insights.execute_file("FIND Session", "rows.csv", limit=10), Download)
    assert_type(await sb.insights.generate("Who speaks?", event_ids=[4630, 4667]), GeneratedQuery)
    assert_type(await sb.insights.schema(), dict[str, Any])
    assert_type(await sb.insights.event_schema(4630), dict[str, Any])
    assert_type(await sb.insights.suggestions(category="sessions"), tuple[Suggestion, ...])
    assert_type(sb.insights.queries(event_id=4630), Pager[SavedQuery])
    assert_type(sb.insights.run_query("an-id", obfuscate_pii=False), Pager[dict[str, Any]])
    assert_type(await sb.insights.run_query_file("an-id", "rows.csv"), Download)
    assert_type(await sb.insights.dashboard("an-id"), Dashboard)


async def content(sb: AsyncSession) -> None:
    assert_type(sb.content.list(4630, expand=["summary", "items"], provider="claude"), Pager[SessionContent])
    assert_type(await sb.content.event(4630, expand=["recap"]), EventContent)
    assert_type(await sb.content.item(4630, "summary_pdf", session_id="a"), BaseContentItem)
    assert_type(await sb.content.session(4630, "an-id"), SessionContent)
    report = await sb.content.download_event_document(4630, "event_report", "report.pdf", variant="daily")
    assert_type(report, Download)
    card = await sb.content.download_session_document(4630, "an-id", "summary_card", Path("card.png"))
    assert_type(card, Download)
    assert_type(sb.transcriptions.list(4630, type="summary"), Pager[Transcription])
    assert_type(await sb.transcriptions.get(4630, "an-id"), Transcription)
    assert_type(sb.transcriptions.list_for_session(4630, "an-id"), Pager[Transcription])
    assert_type(await sb.transcriptions.create(4630, "an-id", type="summary"), Transcription)
    assert_type(await sb.transcriptions.get_for_session(4630, "an-id", "b"), Transcription)
    assert_type(await sb.transcriptions.update(4630, "an-id", "b", transcription="Hello"), Transcription)
    assert_type(await sb.transcriptions.delete(4630, "an-id", "b"), None)


async def uploads(sb: AsyncSession) -> None:
    assert_type(sb.files.list(4630, "an-id"), Pager[Content])
    announced = await sb.files.create(4630, "an-id", filename="a.pdf", size_bytes=10)
    assert_type(announced, FileUpload)
    assert_type(announced.upload, UploadAddress | None)
    assert_type(await sb.send_file(announced.upload, "a.pdf"), str | None)
    assert_type(await sb.files.upload(4630, "an-id", b"%PDF", filename="a.pdf"), Content)
    assert_type(await sb.files.complete(4630, "an-id", "b"), Content)
    assert_type(await sb.files.replace(4630, "an-id", "b", filename="a.pdf", size_bytes=10), FileUpload)
    assert_type(await sb.files.update(4630, "an-id", "b", title=None), Content)
    assert_type(await sb.files.delete(4630, "an-id", "b"), None)
    assert_type(sb.recordings.list(4630, "an-id"), Pager[Recording])
    assert_type(await sb.recordings.create(4630, "an-id", filename="a.wav", size_bytes=10), RecordingUpload)
    assert_type(await sb.recordings.get(4630, "an-id", "b"), Recording)
    assert_type(await sb.recordings.complete(4630, "an-id", "b", duration_seconds=1.5), Recording)
    assert_type(await sb.media.initiate(4630, "an-id", filename="a.mp4", size_bytes=10), MediaUpload)
    signed = await sb.media.sign_parts(4630, "an-id", key="k", upload_id="u", part_numbers=[1])
    assert_type(signed, SignedParts)
    assert_type(signed.addresses, dict[int, UploadAddress])
    assert_type(await sb.media.abort(4630, "an-id", key="k", upload_id="u"), None)
    item = await sb.media.complete(
        4630, "an-id", key="k", upload_id="u", parts=[(1, "tag")], filename="a.mp4", size_bytes=10
    )
    assert_type(item, MediaItem)
    assert_type(await sb.media.get(4630, "an-id", "b"), MediaItem)


async def others(sb: AsyncSession) -> None:
    assert_type(sb.gdpr.list(), Pager[GDPRRequest])
    asked = await sb.gdpr.create(request_type="access", identity_value="a@example.org")
    assert_type(asked, GDPRRequest)
    request = await sb.oauth.authorize(client_id="c", redirect_uri="https://a.example", code_challenge="x")
    assert_type(request, AuthorizationRequest)
    tokens = await sb.oauth.exchange_code(
        code="c", redirect_uri="https://a.example", client_id="c", code_verifier="v"
    )
    assert_type(tokens, OAuthTokens)
    assert_type(await sb.oauth.refresh(refresh_token="r", client_id="c"), OAuthTokens)
    assert_type(await sb.oauth.revoke(token="t"), None)
    assert_type(await sb.oauth.metadata(), AuthorizationServer)
    AsyncSession(tokens.access_token, token_type="Bearer")
