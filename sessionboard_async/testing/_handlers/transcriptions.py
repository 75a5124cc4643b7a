"""Handlers of transcriptions."""

from __future__ import annotations

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import (
    read_flag,
    read_id,
    read_page,
    read_word,
    refuse_unknown,
)
from sessionboard_async.testing._writes.requests import (
    PAGING,
    Handler,
    HandlerReply,
    HandlerRequest,
    event_of,
    read_values,
    session_of,
)
from sessionboard_async.testing._writes.transcripts import TYPES, Transcripts, one_of

_KNOWN = {"type": str, "transcription": str, "speaker": str, "is_partial": bool, "updated_at": str}


def _of_session(organization: Organization, call: HandlerRequest) -> tuple[Transcripts, SessionRow]:
    event = event_of(organization, call)
    return event.part(Transcripts), session_of(event, call)


def _one(organization: Organization, call: HandlerRequest) -> tuple[Transcripts, SessionRow, Record]:
    transcripts, row = _of_session(organization, call)
    refuse_unknown(call.query, ())
    return transcripts, row, one_of(transcripts.of(row), call.path["transcription_id"])


def _page(call: HandlerRequest, records: list[Record]) -> object:
    page = read_page(call.query)
    return {"data": page.of(records), "pagination": page.pagination(len(records))}


def _list_for_event(organization: Organization, call: HandlerRequest) -> object:
    event, query = event_of(organization, call), call.query
    refuse_unknown(query, (*PAGING, "type", "session_id", "language_code", "include_partial"))
    records = event.part(Transcripts).all()
    if "type" in query:
        read_word(query["type"], "type", TYPES)
    read_id(query, "session_id")
    for name in ("type", "session_id", "language_code"):
        if name in query:
            records = [record for record in records if record.get(name) == query[name]]
    if not read_flag(query, "include_partial"):
        records = _complete(records)
    return _page(call, records)


def _list_for_session(organization: Organization, call: HandlerRequest) -> object:
    transcripts, row = _of_session(organization, call)
    refuse_unknown(call.query, PAGING)
    return _page(call, _complete(transcripts.of(row)))


def _complete(records: list[Record]) -> list[Record]:
    return [record for record in records if not record.get("is_partial")]


def _get_for_event(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    return {"data": one_of(event.part(Transcripts).all(), call.path["transcription_id"])}


def _get_for_session(organization: Organization, call: HandlerRequest) -> object:
    return {"data": _one(organization, call)[2]}


def _create(organization: Organization, call: HandlerRequest) -> object:
    transcripts, row = _of_session(organization, call)
    refuse_unknown(call.query, ())
    values = read_values(call.json(), _KNOWN, required=("type",))
    read_word(values["type"], "type", TYPES)
    return HandlerReply({"data": transcripts.create(row, values)}, 201)


def _update(organization: Organization, call: HandlerRequest) -> object:
    transcripts, row, record = _one(organization, call)
    values = read_values(call.json(), _KNOWN)
    if "type" in values:
        read_word(values["type"], "type", TYPES)
    return {"data": transcripts.update(row, record, values)}


def _delete(organization: Organization, call: HandlerRequest) -> object:
    transcripts, row, record = _one(organization, call)
    transcripts.delete(row, record)
    return HandlerReply(status=204)


OPERATIONS: dict[str, Handler] = {
    "list-event-transcriptions": _list_for_event,
    "get-transcription": _get_for_event,
    "list-session-transcriptions": _list_for_session,
    "create-transcription": _create,
    "get-session-transcription": _get_for_session,
    "update-transcription": _update,
    "delete-transcription": _delete,
}
