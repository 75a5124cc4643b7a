"""Content packs of the sessions of one event, built from their transcriptions."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.documents import PDF, PNG, WAV, pdf, png, wav
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.seeded import iso_timestamp, optional_timestamp, uuid_for
from sessionboard_async.testing._data.storage import StoredObject
from sessionboard_async.testing._writes.transcripts import SECONDS, Transcripts

SESSION_TYPES = ("transcription", "summary", "insight", "podcast", "document")
"""The kinds of items of a session, all of which are returned by default."""

EVENT_TYPES = ("document", "recap")
"""The kinds of items of an event."""

SESSION_DOCUMENTS = {"summary_pdf": PDF, "summary_card": PNG}
"""The documents of a session, with their media types."""

_PODCAST_SECONDS = 2
_LARGEST_RECAP = 5


@dataclass(frozen=True)
class PackOptions:
    """The options of a content pack.

    Attributes:
        types: The kinds of items.
        elements: Include the elements of transcriptions.
        interval: Maximum seconds per element; ``None`` to split only between speakers.
        provider: The preferred provider of summaries.
    """

    types: Collection[str] = SESSION_TYPES
    elements: bool = True
    interval: int | None = None
    provider: str | None = None


@dataclass
class _Turn:
    """Consecutive fragments of one speaker, up to the maximum length."""

    speaker: object
    start: float
    end: float = 0.0
    fragments: list[Record] = field(default_factory=list[Record])


class ContentPackBuilder:
    """Builds the content packs of one event.

    Args:
        event: The event.
    """

    def __init__(self, event: EventData) -> None:
        self._event = event
        self._transcripts = event.part(Transcripts)
        event.storage.add_source(self._stored)

    def sessions(self) -> list[SessionRow]:
        """Return the sessions that have transcriptions."""
        return self._transcripts.sessions()

    def session(self, row: SessionRow, options: PackOptions) -> Record:
        """Return the content pack of a session."""
        made = self._transcripts.of(row)
        items = self.items(row, options)
        everything = self.items(row, PackOptions(elements=False))
        types = {item["type"] for item in everything}
        podcasts = [item for item in everything if item["type"] == "podcast"]
        return {
            "id": self._event.agenda.id(row),
            "event_id": self._event.id,
            "title": self._event.details.title(row),
            "starts_at": optional_timestamp(self._event.details.of(row).starts_at),
            "updated_at": max([iso_timestamp(row.updated), *(str(record["updated_at"]) for record in made)]),
            "speakers": list(_speakers(_fragments(made)).values()),
            "has_transcription": "transcription" in types,
            "has_summary": "summary" in types,
            "has_podcast": any(podcast["status"] == "ready" for podcast in podcasts),
            "items": items,
        }

    def items(self, row: SessionRow, options: PackOptions) -> list[Record]:
        """Return the items of a session."""
        made = self._transcripts.of(row)
        items: list[Record] = []
        if "transcription" in options.types and _fragments(made):
            items.append(self.transcription(row, options))
        summary = _preferred([record for record in made if record["type"] == "summary"], options.provider)
        if "summary" in options.types and summary is not None:
            items.append(_summary(summary))
        if "insight" in options.types:
            items += [_insight(record) for record in made if record["type"] == "insight"]
            # A kind that is not in the API's document, so that clients meet an unknown kind.
            items += [_quiz(record) for record in made if record["type"] == "chapter"]
        if "podcast" in options.types and summary is not None and not row.number:
            items.append(self._podcast(row))
        if "document" in options.types and summary is not None:
            items += [self._document(row, name, summary) for name in SESSION_DOCUMENTS]
        return items

    def transcription(self, row: SessionRow, options: PackOptions) -> Record:
        """Return the composed transcript of a session."""
        fragments = _fragments(self._transcripts.of(row))
        return {
            # The item has the id of its session.
            "id": self._event.agenda.id(row),
            "type": "transcription",
            "session_id": self._event.agenda.id(row),
            "text": _joined(fragments),
            "elements": _elements(fragments, options.interval) if options.elements else [],
            "fragment_count": len(fragments),
            "interval_sec": options.interval,
            "language_code": fragments[0].get("language_code") or "en",
            "created_at": fragments[0]["created_at"],
            "updated_at": max(str(fragment["updated_at"]) for fragment in fragments),
        }

    def event(self, types: Collection[str]) -> Record:
        """Return the content pack of the whole event."""
        items = self.event_items(types)
        return {"id": self._event.id, "updated_at": self._updated(), "items": items}

    def _updated(self) -> str:
        return max(
            (str(record["updated_at"]) for record in self._transcripts.all()), default=iso_timestamp(0)
        )

    def event_items(self, types: Collection[str] = EVENT_TYPES) -> list[Record]:
        """Return the items of the whole event."""
        made = self._transcripts.all()
        updated = self._updated()
        items: list[Record] = []
        if "document" in types:
            report = self._document_item("event_report", PDF)
            items.append({**report, "scope": "event", "generated_at": updated})
        if "recap" in types:
            items.append(self._recap(made, updated))
        return items

    def report(self, variant: str) -> bytes:
        """Return the report of the event as PDF; the variants differ in their title."""
        titles = [self._event.details.title(row) for row in self.sessions()[:_LARGEST_RECAP]]
        return pdf(f"{self._event.record()['name']}: report ({variant})", titles)

    def file(self, row: SessionRow, document_type: str) -> bytes | None:
        """Return a document of a session; ``None`` if it does not exist."""
        summary = _preferred(self._of_type(row, "summary"), None)
        if summary is None:
            return None
        if document_type == "summary_card":
            return png(self._event.agenda.id(row))
        return pdf(self._event.details.title(row), re.split(r"(?<=\.) ", _joined([summary])))

    def _stored(self, key: str) -> StoredObject | None:
        """Return the document or podcast with a key that the items of this event name."""
        prefix = f"content/{self._event.id}/"
        if not key.startswith(prefix):
            return None
        rest = key.removeprefix(prefix)
        session_id, _, name = rest.rpartition("/")
        if rest == "event_report":
            return StoredObject(self.report("full"), PDF)
        row = self._event.session(session_id)
        if row is None:
            return None
        if name == "podcast":
            return StoredObject(wav(_PODCAST_SECONDS), WAV)
        body = self.file(row, name) if name in SESSION_DOCUMENTS else None
        return None if body is None else StoredObject(body, SESSION_DOCUMENTS[name])

    def _of_type(self, row: SessionRow, type_: str) -> list[Record]:
        return [record for record in self._transcripts.of(row) if record["type"] == type_]

    def _podcast(self, row: SessionRow) -> Record:
        session_id = self._event.agenda.id(row)
        is_ready = row.ordinal % 2 == 0
        key = f"content/{self._event.id}/{session_id}/podcast"
        return {
            "id": uuid_for(session_id, "podcast"),
            "type": "podcast",
            "session_id": session_id,
            "name": self._event.details.title(row),
            "language_code": "en",
            "status": "ready" if is_ready else "processing",
            "url": self._event.storage.download_address(key) if is_ready else None,
            "content_type": WAV,
            "duration_sec": _PODCAST_SECONDS if is_ready else None,
            "generated_at": iso_timestamp(row.updated) if is_ready else None,
            "expires_at": None,
        }

    def _document(self, row: SessionRow, document_type: str, summary: Record) -> Record:
        session_id = self._event.agenda.id(row)
        content_type = SESSION_DOCUMENTS[document_type]
        item = self._document_item(document_type, content_type, session_id)
        return {
            **item,
            "session_id": session_id,
            "scope": "session",
            "generated_at": summary["updated_at"],
        }

    def _document_item(self, document_type: str, content_type: str, session_id: str | None = None) -> Record:
        place = document_type if session_id is None else f"{session_id}/{document_type}"
        return {
            "id": document_type,
            "type": "document",
            "document_type": document_type,
            "name": document_type.replace("_", " ").capitalize(),
            "content_type": content_type,
            "status": "ready",
            "url": self._event.storage.download_address(f"content/{self._event.id}/{place}"),
            "expires_at": None,
        }

    def _recap(self, made: list[Record], updated: str) -> Record:
        quotes = [record for record in made if record["type"] == "fragment" and record.get("speaker")]
        summaries = [record for record in made if record["type"] == "summary"]
        tracks = [str(track["name"]) for track in self._event.metadata.all("tracks")]
        return {
            "id": "recap",
            "type": "recap",
            "scope": "event",
            "text": _joined(summaries[:_LARGEST_RECAP]),
            "quotes": [
                {
                    "text": record["transcription"],
                    "speaker": record["speaker"],
                    "session_id": record["session_id"],
                }
                for record in quotes[:_LARGEST_RECAP]
            ],
            "topics": [{"name": name} for name in tracks[:_LARGEST_RECAP]],
            "summaries": [
                {"text": record["transcription"], "session_id": record["session_id"]}
                for record in summaries[:_LARGEST_RECAP]
            ],
            "generated_at": updated,
        }


def _fragments(made: list[Record]) -> list[Record]:
    return [record for record in made if record["type"] == "fragment" and not record.get("is_partial")]


def _speakers(fragments: list[Record]) -> dict[object, Record]:
    names = dict.fromkeys(fragment.get("speaker") for fragment in fragments)
    return {
        name: {"id": f"speaker-{number}", "label": f"Speaker {number}", "name": name}
        for number, name in enumerate(names, 1)
    }


def _elements(fragments: list[Record], interval: int | None) -> list[Record]:
    speakers = _speakers(fragments)
    turns: list[_Turn] = []
    end = 0.0
    for fragment in fragments:
        speaker = fragment.get("speaker")
        start = _seconds(fragment.get("start_time"), end)
        end = _seconds(fragment.get("end_time"), start + SECONDS)
        last = turns[-1] if turns else None
        goes_on = last is not None and last.speaker == speaker
        if last is None or not goes_on or (interval is not None and end - last.start > interval):
            last = _Turn(speaker, start)
            turns.append(last)
        last.fragments.append(fragment)
        last.end = end
    return [
        {
            "value": _joined(turn.fragments),
            "speaker": speakers[turn.speaker],
            "start_time": turn.start,
            "end_time": turn.end,
            "fragment_ids": [fragment["id"] for fragment in turn.fragments],
        }
        for turn in turns
    ]


def _joined(records: list[Record]) -> str:
    return " ".join(str(text) for record in records if (text := record["transcription"]))


def _seconds(value: object, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) else default


def _preferred(summaries: list[Record], provider: str | None) -> Record | None:
    wanted = [summary for summary in summaries if summary.get("provider") == provider]
    return next(iter([*wanted, *summaries]), None)


def _item(record: Record, type_: str) -> Record:
    return {
        "id": record["id"],
        "type": type_,
        "session_id": record["session_id"],
        "language_code": record.get("language_code") or "en",
        "provider": record.get("provider") or "claude",
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
    }


def _summary(record: Record) -> Record:
    text = _joined([record])
    return {
        **_item(record, "summary"),
        "text": text,
        "summary_type": "session",
        "content": {"overview": text},
        "topics": [{"name": word} for word in sorted(set(re.findall(r"\w{8,}", text)))],
    }


def _insight(record: Record) -> Record:
    text = record["transcription"]
    return {
        **_item(record, "insight"),
        "text": text,
        "insight_type": "takeaway",
        "name": "Takeaway",
        "content": {"takeaway": text},
        "metadata": {},
    }


def _quiz(record: Record) -> Record:
    return {
        **_item(record, "quiz"),
        "name": "What do you remember?",
        "questions": [{"question": "Which of these was said?", "answer": record["transcription"]}],
    }
