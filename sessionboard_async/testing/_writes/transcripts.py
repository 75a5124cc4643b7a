"""Transcriptions of one event: generated ones for a few sessions, and writes."""

from __future__ import annotations

from collections.abc import Mapping

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.seeded import MINUTE, iso_timestamp, uuid_for
from sessionboard_async.testing._data.store import refuse_stale
from sessionboard_async.testing._data.texts import SENTENCES

TYPES = ("fragment", "summary", "insight", "translation")
"""The kinds that the API's document lists."""

SECONDS = 20
"""Seconds per generated fragment."""

_AMONG = 120
_EVERY = 3


class Transcripts:
    """The transcriptions of the sessions of one event.

    Every third of the first sessions has generated transcriptions if it is scheduled. Most are of the kinds
    that the API's document lists; a few are of the kind ``chapter``, which is unknown to clients.

    Args:
        event: The event.
    """

    def __init__(self, event: EventData) -> None:
        self._event = event
        self._modified: dict[str, list[Record]] = {}
        self._made = 0

    def of(self, row: SessionRow) -> list[Record]:
        """Return the transcriptions of a session, in order of creation."""
        session_id = self._event.agenda.id(row)
        return self._modified[session_id] if session_id in self._modified else self._generated(row)

    def sessions(self) -> list[SessionRow]:
        """Return the sessions with transcriptions, those with generated ones first."""
        agenda = self._event.agenda
        generated = [agenda.id(row) for row in agenda.rows[:_AMONG] if self._is_transcribed(row)]
        rows = [self._event.session(id_) for id_ in dict.fromkeys([*generated, *self._modified])]
        return [row for row in rows if row is not None and self.of(row)]

    def all(self) -> list[Record]:
        """Return the transcriptions of all sessions."""
        return [record for row in self.sessions() for record in self.of(row)]

    def create(self, row: SessionRow, values: Mapping[str, object]) -> Record:
        """Create a transcription of a session."""
        self._made += 1
        now = iso_timestamp(self._event.clock.read())
        record: Record = {
            "id": uuid_for(self._event.id, "transcription", "made", self._made),
            "type": None,
            "session_id": self._event.agenda.id(row),
            "transcription": "",
            "is_partial": False,
            **values,
            "created_at": now,
            "updated_at": now,
        }
        self._touch(row).append(record)
        return record

    def update(self, row: SessionRow, record: Record, values: Mapping[str, object]) -> Record:
        """Update a transcription of a session.

        Raises:
            RequestError: With 409 if the ``updated_at`` is stale.
        """
        refuse_stale(values, record["updated_at"], "transcription")
        fixed = {name: record[name] for name in ("id", "session_id", "created_at")}
        changed = {**record, **values, **fixed, "updated_at": iso_timestamp(self._event.clock.read())}
        records = self._touch(row)
        records[records.index(record)] = changed
        return changed

    def delete(self, row: SessionRow, record: Record) -> None:
        """Delete a transcription of a session."""
        self._touch(row).remove(record)

    def _touch(self, row: SessionRow) -> list[Record]:
        return self._modified.setdefault(self._event.agenda.id(row), self.of(row))

    def _is_transcribed(self, row: SessionRow) -> bool:
        agenda = self._event.agenda
        if row.number or row.is_source or row.ordinal >= _AMONG or row.ordinal % _EVERY:
            return False
        return not agenda.is_created(row) and agenda.times(row) is not None

    def _generated(self, row: SessionRow) -> list[Record]:
        times = self._event.agenda.times(row)
        if times is None or not self._is_transcribed(row):
            return []
        names = self._event.program.speakers(row) or ["Speaker"]
        session_id = self._event.agenda.id(row)
        records: list[Record] = []

        def add(kind: str, text: str, minute: float, **more: object) -> None:
            timestamp = iso_timestamp(times.start + int(minute * MINUTE))
            records.append(
                {
                    "id": uuid_for(session_id, "transcription", len(records)),
                    "type": kind,
                    "session_id": session_id,
                    "transcription": text,
                    "language_code": "en",
                    **more,
                    "created_at": timestamp,
                    "updated_at": timestamp,
                }
            )

        def sentence(number: int, language: int = 0) -> str:
            return SENTENCES[(row.ordinal + number) % len(SENTENCES)][language]

        count = 6 + row.ordinal % 4
        for number in range(count):
            add(
                "fragment",
                sentence(number),
                number * SECONDS / 60,
                # Two at a time, so that turns consist of more than one fragment.
                speaker=names[number // 2 % len(names)],
                is_partial=number == count - 1 and row.ordinal % 6 == 0,
                provider="embedded",
                start_time=float(number * SECONDS),
                end_time=float((number + 1) * SECONDS),
            )
        for provider in ("claude", "openai")[: 1 + row.ordinal % 2]:
            add("summary", f"{sentence(0)} {sentence(1)}", 50, is_partial=False, provider=provider)
        add("insight", sentence(2), 51, is_partial=False, provider="claude")
        if self._event.has_translations and row.ordinal % 2 == 0:
            add("translation", sentence(0, 1), 52, is_partial=False, provider="claude", language_code="fr")
        if row.ordinal % 4 == 0:
            add("chapter", sentence(3), 53, is_partial=False, provider="claude", chapter={"number": 1})
        return records


def one_of(records: list[Record], transcription_id: str) -> Record:
    """Return the transcription with this id.

    Raises:
        RequestError: With 404 if there is none.
    """
    for record in records:
        if record["id"] == transcription_id:
            return record
    raise RequestError(404, "there is no such transcription")
