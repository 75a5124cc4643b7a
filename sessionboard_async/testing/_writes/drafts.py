"""Agenda drafts of one event: planned times and rooms of sessions, applied when a draft is committed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import read_timestamp
from sessionboard_async.testing._data.seeded import optional_timestamp
from sessionboard_async.testing._writes.requests import Values, read_values
from sessionboard_async.testing._writes.session_edits import Edit, SessionEditor, read_times

_PLACE = ("starts_at", "ends_at", "room_id")
_KNOWN: Values = {"session_id": str, "updated_at": str, **dict.fromkeys(_PLACE, str)}


class Drafts:
    """The agenda drafts of an event.

    A placement takes the times and the room of its session for values that the body leaves out.
    """

    def __init__(self, event: EventData) -> None:
        self._event = event
        self._editor = event.part(SessionEditor)
        self._drafts = event.store("agenda draft")
        self._placements = event.store("draft session")

    def open(self, draft_id: str) -> None:
        """Check that a draft exists and is not committed.

        Raises:
            RequestError: With 404 if it does not exist, with 409 if it is committed.
        """
        if self._drafts.get(draft_id)["status"] != "draft":
            raise RequestError(409, "the draft is committed and cannot be changed")

    def delete(self, draft_id: str) -> None:
        """Delete a draft with its placements."""
        placements = self.placements(draft_id)
        self._drafts.delete(draft_id)
        for placement in placements:
            self._placements.delete(str(placement["id"]))

    def placements(self, draft_id: str) -> list[Record]:
        """Return the placements of a draft, in order of creation."""
        self._drafts.get(draft_id)
        return [record for record in self._placements.all() if record["draft_id"] == draft_id]

    def place(self, draft_id: str, values: Mapping[str, Any]) -> Record:
        """Place a session in a draft.

        Raises:
            RequestError: With 404 or 409 if the draft cannot be changed, with 409 if the session is already
                in it, with 400 if the values are wrong.
        """
        self.open(draft_id)
        read_values(values, _KNOWN, required=("session_id",))
        session_id = values["session_id"]
        row = self._event.session(session_id)
        if row is None:
            raise RequestError(400, "session_id is not the id of one of the event's sessions")
        if row.is_source:
            raise RequestError(400, "session_id names the source of a composition, which is read-only")
        if any(record["session_id"] == session_id for record in self.placements(draft_id)):
            raise RequestError(409, "the session is in this draft already")
        place = self._read(values, self._live(row))
        return self._placements.create({"draft_id": draft_id, "session_id": session_id, **place})

    def move(self, draft_id: str, placement_id: str, values: Mapping[str, Any]) -> Record:
        """Move a session within a draft.

        Raises:
            RequestError: With 404 or 409 if the draft or the placement cannot be changed, with 400 if the
                values are wrong.
        """
        self.open(draft_id)
        placement = self._placement(draft_id, placement_id)
        read_values(values, _KNOWN)
        place = self._read(values, _place_of(placement))
        return self._placements.update(placement_id, {**place, "updated_at": values.get("updated_at")})

    def remove(self, draft_id: str, placement_id: str) -> None:
        """Remove a session from a draft.

        Raises:
            RequestError: With 404 or 409 if the draft or the placement cannot be changed.
        """
        self.open(draft_id)
        self._placement(draft_id, placement_id)
        self._placements.delete(placement_id)

    def changes(self, draft_id: str) -> list[Record]:
        """Return the moves that a commit of the draft would make."""
        changes: list[Record] = []
        for placement in self.placements(draft_id):
            row = self._event.session(str(placement["session_id"]))
            if row is None or (live := self._live(row)) == _place_of(placement):
                continue
            title = self._event.details.title(row)
            moves = {"from": live, "to": _place_of(placement)}
            changes.append({"session_id": placement["session_id"], "title": title, **moves})
        return changes

    def commit(self, draft_id: str) -> Record:
        """Apply all placements of a draft, or none.

        Raises:
            RequestError: With 404 if the draft does not exist, with 409 if it is committed, or one of its
                sessions or rooms no longer exists.
        """
        self.open(draft_id)
        edits: list[Edit] = []
        for placement in self.placements(draft_id):
            try:
                edit = self._editor.prepare(str(placement["session_id"]), _place_of(placement))
            except RequestError as refused:
                message = f"{placement['session_id']} can no longer be placed: {refused.message}"
                raise RequestError(409, message) from None
            if self._live(edit.row) != _place_of(placement):
                edits.append(edit)
        for edit in edits:
            self._editor.apply(edit)
        return self._drafts.update(draft_id, {"status": "committed"})

    def _placement(self, draft_id: str, placement_id: str) -> Record:
        placement = self._placements.get(placement_id)
        if placement["draft_id"] != draft_id:
            raise RequestError(404, "there is no such draft session")
        return placement

    def _live(self, row: SessionRow) -> Record:
        details = self._event.details.of(row)
        room = self._event.metadata.find("rooms", details.room_id)
        return {
            "starts_at": optional_timestamp(details.starts_at),
            "ends_at": optional_timestamp(details.ends_at),
            "room_id": None if room is None else room["id"],
        }

    def _read(self, values: Mapping[str, Any], there: Record) -> Record:
        """Read times and room from a body; missing values stay unchanged."""
        start, end = (
            None if there[name] is None else read_timestamp(there[name], name)
            for name in ("starts_at", "ends_at")
        )
        times = read_times(values, start, end)
        place = {**there, **{name: optional_timestamp(timestamp) for name, timestamp in times.items()}}
        if "room_id" in values:
            place["room_id"] = self._editor.setting("room_id", values["room_id"], "rooms")
        return place


def _place_of(placement: Record) -> Record:
    return {name: placement[name] for name in _PLACE}
