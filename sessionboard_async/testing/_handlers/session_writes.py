"""Handlers that write sessions."""

from __future__ import annotations

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import refuse_unknown
from sessionboard_async.testing._writes.bulk import run_bulk
from sessionboard_async.testing._writes.requests import Handler, HandlerReply, HandlerRequest, event_of
from sessionboard_async.testing._writes.session_edits import SessionEditor


def _reply(event: EventData, row: SessionRow) -> Record:
    return event.program.session(row, unassigned=None, expand=())


def _editor(organization: Organization, call: HandlerRequest) -> tuple[EventData, SessionEditor]:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    return event, event.part(SessionEditor)


def _create_session(organization: Organization, call: HandlerRequest) -> object:
    event, editor = _editor(organization, call)
    return _reply(event, editor.create(call.json()))


def _update_session(organization: Organization, call: HandlerRequest) -> object:
    event, editor = _editor(organization, call)
    return _reply(event, editor.update(call.path["session_id"], call.json()))


def _update_session_fields(organization: Organization, call: HandlerRequest) -> object:
    event, editor = _editor(organization, call)
    return _reply(event, editor.update_fields(call.path["session_id"], call.json()))


def _delete_session(organization: Organization, call: HandlerRequest) -> object:
    _, editor = _editor(organization, call)
    editor.delete(call.path["session_id"])
    return HandlerReply()


def _restore_session(organization: Organization, call: HandlerRequest) -> object:
    event, editor = _editor(organization, call)
    return _reply(event, editor.restore(call.path["session_id"]))


def _bulk_sessions(organization: Organization, call: HandlerRequest) -> object:
    event, editor = _editor(organization, call)
    return run_bulk(
        event.clock,
        call.json(),
        create=lambda values: {"id": event.agenda.id(editor.create(values))},
        update=editor.update,
        delete=editor.delete,
    )


OPERATIONS: dict[str, Handler] = {
    "create-session": _create_session,
    "update-session": _update_session,
    "update-session-fields": _update_session_fields,
    "delete-session": _delete_session,
    "restore-session": _restore_session,
    "bulk-sessions": _bulk_sessions,
}
