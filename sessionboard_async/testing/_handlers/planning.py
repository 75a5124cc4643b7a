"""Handlers of agenda drafts, rules and personas."""

from __future__ import annotations

from functools import partial

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.query import refuse_unknown
from sessionboard_async.testing._handlers.crud import CrudHandlers
from sessionboard_async.testing._writes.bulk import run_bulk
from sessionboard_async.testing._writes.drafts import Drafts
from sessionboard_async.testing._writes.requests import Handler, HandlerReply, HandlerRequest, event_of

_RULES = CrudHandlers(
    "rule",
    "rule_id",
    {"name": str, "type": str, "config": dict, "enabled": bool},
    required=("name", "type"),
    defaults={"config": {}, "enabled": True},
)
_PERSONAS = CrudHandlers(
    "persona",
    "persona_id",
    {"name": str, "description": str, "config": dict},
    required=("name",),
    defaults={"description": None, "config": {}},
)
_DRAFTS = CrudHandlers(
    "agenda draft",
    "draft_id",
    {"name": str, "description": str},
    required=("name",),
    defaults={"description": None},
    fixed={"status": "draft", "admin_url": None},
)


def _drafts(organization: Organization, call: HandlerRequest) -> Drafts:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    return event.part(Drafts)


def _update_draft(organization: Organization, call: HandlerRequest) -> object:
    _drafts(organization, call).open(call.path["draft_id"])
    return _DRAFTS.update(organization, call)


def _delete_draft(organization: Organization, call: HandlerRequest) -> object:
    _drafts(organization, call).delete(call.path["draft_id"])
    return HandlerReply()


def _changes(organization: Organization, call: HandlerRequest) -> object:
    return {"changes": _drafts(organization, call).changes(call.path["draft_id"])}


def _commit(organization: Organization, call: HandlerRequest) -> object:
    return _drafts(organization, call).commit(call.path["draft_id"])


def _list_placements(organization: Organization, call: HandlerRequest) -> object:
    return _drafts(organization, call).placements(call.path["draft_id"])


def _create_placement(organization: Organization, call: HandlerRequest) -> object:
    return _drafts(organization, call).place(call.path["draft_id"], call.json())


def _update_placement(organization: Organization, call: HandlerRequest) -> object:
    drafts, path = _drafts(organization, call), call.path
    return drafts.move(path["draft_id"], path["draft_session_id"], call.json())


def _delete_placement(organization: Organization, call: HandlerRequest) -> object:
    _drafts(organization, call).remove(call.path["draft_id"], call.path["draft_session_id"])
    return HandlerReply()


def _bulk_placements(organization: Organization, call: HandlerRequest) -> object:
    drafts, draft_id = _drafts(organization, call), call.path["draft_id"]
    drafts.open(draft_id)
    return run_bulk(
        organization.clock,
        call.json(),
        create=partial(drafts.place, draft_id),
        update=partial(drafts.move, draft_id),
        delete=partial(drafts.remove, draft_id),
    )


OPERATIONS: dict[str, Handler] = {
    "list-event-rules": _RULES.list,
    "create-event-rule": _RULES.create,
    "get-event-rule": _RULES.get,
    "update-event-rule": _RULES.update,
    "delete-event-rule": _RULES.delete,
    "list-personas": _PERSONAS.list,
    "create-persona": _PERSONAS.create,
    "get-persona": _PERSONAS.get,
    "update-persona": _PERSONAS.update,
    "delete-persona": _PERSONAS.delete,
    "list-agenda-drafts": _DRAFTS.list,
    "create-agenda-draft": _DRAFTS.create,
    "get-agenda-draft": _DRAFTS.get,
    "update-agenda-draft": _update_draft,
    "delete-agenda-draft": _delete_draft,
    "get-agenda-draft-changes": _changes,
    "commit-agenda-draft": _commit,
    "list-draft-sessions": _list_placements,
    "create-draft-session": _create_placement,
    "update-draft-session": _update_placement,
    "delete-draft-session": _delete_placement,
    "bulk-draft-sessions": _bulk_placements,
}
