"""Calls of the services of content, transcriptions and uploads, with every argument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sessionboard_async import AsyncSession
from sessionboard_async.testing import EmbeddedServer

PIECES: Any = ["transcription", "summary", "insight", "podcast", "document", "items"]


async def _a_session(sb: AsyncSession, event: int) -> str:
    talk = await sb.sessions.search(event, status="accepted", is_abstract=False).first()
    assert talk
    assert talk.id
    return talk.id


async def content(sb: AsyncSession, server: EmbeddedServer, tmp_path: Path) -> None:
    event = server.event_id
    packs = await sb.content.list(event, expand=PIECES).collect()
    (pack, *_) = [pack for pack in packs if pack.items]
    await sb.content.list(event).collect()
    await sb.content.list(event, session_id=pack.id, interval_sec=30, provider="claude").collect()
    await sb.content.session(event, pack, expand=PIECES, interval_sec=30, provider="openai")
    await sb.content.event(event, expand=["document", "recap"])
    for item in (pack, "summary_pdf", "summary_card"):
        await sb.content.item(event, item, session_id=pack.id, interval_sec=30, provider="claude")
    for item in ("event_report", "recap"):
        await sb.content.item(event, item)
    for piece in pack.items or ():
        if piece.type != "transcription" and piece.type != "document":
            await sb.content.item(event, piece)
    await sb.content.download_event_document(
        event, "event_report", to=tmp_path / "report.pdf", variant="daily"
    )
    await sb.content.download_session_document(event, pack, "summary_pdf", to=tmp_path / "summary.pdf")
    await sb.content.download_session_document(event, pack, "summary_card", to=tmp_path / "card.png")


async def transcriptions(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    talk = await _a_session(sb, event)
    assert await sb.transcriptions.list(event).collect()
    await sb.transcriptions.list(
        event, type="fragment", session_id=talk, language_code="en-US", include_partial=True
    ).collect()
    made = await sb.transcriptions.create(event, talk, type="summary", transcription="All went well.")
    assert await sb.transcriptions.list_for_session(event, talk).collect()
    await sb.transcriptions.get(event, made)
    await sb.transcriptions.get_for_session(event, talk, made)
    await sb.transcriptions.update(event, talk, made, transcription="All went very well.")
    await sb.transcriptions.delete(event, talk, made)


async def recordings(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    talk = await _a_session(sb, event)
    sound = b"sound" * 100
    made = await sb.recordings.create(
        event, talk, filename="talk.mp3", size_bytes=len(sound), content_type="audio/mpeg"
    )
    await sb.send_file(made.upload, sound)
    await sb.recordings.complete(event, talk, made, duration_seconds=2.5, file_size_bytes=len(sound))
    await sb.recordings.get(event, talk, made)
    assert await sb.recordings.list(event, talk).collect()


async def media(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    talk = await _a_session(sb, event)
    film = b"film" * 100
    what: Any = {"filename": "talk.mp4", "size_bytes": len(film), "content_type": "video/mp4"}
    given_up = await sb.media.initiate(event, talk, **what)
    await sb.media.abort(event, talk, key=given_up.key or "", upload_id=given_up.upload_id or "")
    made = await sb.media.initiate(event, talk, **what)
    upload: Any = {"key": made.key, "upload_id": made.upload_id}
    signed = await sb.media.sign_parts(event, talk, **upload, part_numbers=[1])
    tag = await sb.send_file(signed.addresses[1], film)
    item = await sb.media.complete(
        event,
        talk,
        **upload,
        parts=[(1, tag or "")],
        filename="talk.mp4",
        size_bytes=len(film),
        duration_seconds=2.5,
    )
    await sb.media.get(event, talk, item)


async def files(sb: AsyncSession, server: EmbeddedServer, tmp_path: Path) -> None:
    event = server.event_id
    talk = await _a_session(sb, event)
    person = (await sb.sessions.get(event, talk)).speakers
    whose = person[0].id if person else None
    slides = b"%PDF-1.4 slides"
    what: Any = {
        "filename": "slides.pdf",
        "size_bytes": len(slides),
        "content_type": "application/pdf",
        "mimetype": "application/pdf",
        "title": "Slides",
        "assigned_participant_id": whose,
    }
    made = await sb.files.create(event, talk, **what)
    await sb.send_file(made.upload, slides)
    await sb.files.complete(event, talk, made)
    again = await sb.files.replace(event, talk, made, **what)
    await sb.send_file(again.upload, slides)
    await sb.files.complete(event, talk, made)
    await sb.files.update(event, talk, made, title="Slides, corrected", assigned_participant_id=None)
    tmp_path.joinpath("notes.pdf").write_bytes(slides)
    notes = await sb.files.upload(
        event, talk, tmp_path / "notes.pdf", title="Notes", assigned_participant_id=whose
    )
    assert await sb.files.list(event, talk).collect()
    await sb.files.delete(event, talk, notes)
