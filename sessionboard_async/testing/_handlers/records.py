"""Handlers that write contacts, sponsors and exhibitors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.query import refuse_unknown
from sessionboard_async.testing._writes.bulk import run_bulk
from sessionboard_async.testing._writes.record_edits import RecordEditor
from sessionboard_async.testing._writes.requests import Handler, HandlerReply, HandlerRequest, event_of

EditorOf = Callable[[EventData], RecordEditor]


def writing(name: str, editor_of: EditorOf) -> dict[str, Handler]:
    """Return the write handlers of one kind of record.

    Args:
        name: The singular of the record: ``"contact"``.
        editor_of: Returns the editor of an event's records.
    """
    return {
        f"create-{name}": partial(_create, editor_of=editor_of),
        f"update-{name}": partial(_update, editor_of=editor_of, id_name=f"{name}_id"),
        f"delete-{name}": partial(_delete, editor_of=editor_of, id_name=f"{name}_id"),
        f"restore-{name}": partial(_restore, editor_of=editor_of, id_name=f"{name}_id"),
        f"bulk-{name}s": partial(_bulk, editor_of=editor_of),
    }


def _editor(organization: Organization, call: HandlerRequest, editor_of: EditorOf) -> RecordEditor:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    return editor_of(event)


def _create(organization: Organization, call: HandlerRequest, *, editor_of: EditorOf) -> object:
    editor = _editor(organization, call, editor_of)
    return editor.record(editor.create(call.json()))


def _update(organization: Organization, call: HandlerRequest, *, editor_of: EditorOf, id_name: str) -> object:
    editor = _editor(organization, call, editor_of)
    return editor.record(editor.update(call.path[id_name], call.json()))


def _delete(organization: Organization, call: HandlerRequest, *, editor_of: EditorOf, id_name: str) -> object:
    _editor(organization, call, editor_of).delete(call.path[id_name])
    return HandlerReply()


def _restore(
    organization: Organization, call: HandlerRequest, *, editor_of: EditorOf, id_name: str
) -> object:
    editor = _editor(organization, call, editor_of)
    return editor.record(editor.restore(call.path[id_name]))


def _bulk(organization: Organization, call: HandlerRequest, *, editor_of: EditorOf) -> object:
    editor = _editor(organization, call, editor_of)
    return run_bulk(
        organization.clock,
        call.json(),
        create=lambda values: editor.record(editor.create(values)),
        update=editor.update,
        delete=editor.delete,
    )
