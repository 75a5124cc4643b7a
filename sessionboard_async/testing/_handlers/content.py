"""Handlers of content packs and documents."""

from __future__ import annotations

from collections.abc import Sequence

from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.documents import PDF
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import (
    read_id,
    read_page,
    read_word,
    refuse_unknown,
    whole_number,
)
from sessionboard_async.testing._writes.content_packs import (
    EVENT_TYPES,
    SESSION_DOCUMENTS,
    SESSION_TYPES,
    ContentPackBuilder,
    PackOptions,
)
from sessionboard_async.testing._writes.requests import (
    PAGING,
    Handler,
    HandlerReply,
    HandlerRequest,
    event_of,
    session_of,
)

_PROVIDERS = ("claude", "openai")
_VARIANTS = ("full", "daily", "theme")
_LONGEST_INTERVAL = 3600


def _packs(
    organization: Organization, call: HandlerRequest, *known: str
) -> tuple[EventData, ContentPackBuilder]:
    event = event_of(organization, call)
    refuse_unknown(call.query, known)
    return event, event.part(ContentPackBuilder)


def _expanded(call: HandlerRequest, known: Sequence[str]) -> list[str]:
    names = [name.strip() for name in call.query.get("expand", "").split(",")]
    return [read_word(name, "expand", known) for name in names if name]


def _interval(call: HandlerRequest) -> int | None:
    text = call.query.get("interval_sec")
    if text is None:
        return None
    seconds = whole_number(text)
    if not seconds:
        raise RequestError(400, "interval_sec must be a whole number from 1")
    return min(seconds, _LONGEST_INTERVAL)


def _options(call: HandlerRequest, *, is_compact: bool) -> PackOptions:
    """Read the options of content packs; ``items`` alone selects no kinds."""
    names = _expanded(call, (*SESSION_TYPES, "items"))
    return PackOptions(
        types=[name for name in names if name != "items"] or SESSION_TYPES,
        elements=not is_compact or "items" in names,
        interval=_interval(call),
        provider=_provider(call),
    )


def _provider(call: HandlerRequest) -> str | None:
    name = call.query.get("provider")
    return None if name is None else read_word(name, "provider", _PROVIDERS)


def _list_packs(organization: Organization, call: HandlerRequest) -> object:
    event, packs = _packs(organization, call, *PAGING, "session_id", "expand", "interval_sec", "provider")
    options = _options(call, is_compact=True)
    page = read_page(call.query)
    rows = packs.sessions()
    if (session_id := read_id(call.query, "session_id")) is not None:
        rows = [row for row in rows if event.agenda.id(row) == session_id]
    records = [packs.session(row, options) for row in page.of(rows)]
    return {"data": records, "pagination": page.snake_pagination(len(rows))}


def _get_session_pack(organization: Organization, call: HandlerRequest) -> object:
    event, packs = _packs(organization, call, "expand", "interval_sec", "provider")
    row = session_of(event, call)
    return {"data": packs.session(row, _options(call, is_compact=False))}


def _get_event_pack(organization: Organization, call: HandlerRequest) -> object:
    _, packs = _packs(organization, call, "expand")
    types = _expanded(call, (*SESSION_TYPES, "recap", "items")) or EVENT_TYPES
    return {"data": packs.event(types)}


def _get_item(organization: Organization, call: HandlerRequest) -> object:
    event, packs = _packs(organization, call, "session_id", "interval_sec", "provider")
    options = PackOptions(interval=_interval(call), provider=_provider(call))
    item_id, session_id = call.path["item_id"], read_id(call.query, "session_id")
    if item_id in SESSION_DOCUMENTS and session_id is None:
        raise RequestError(400, f"session_id is required for {item_id}")
    if item_id in {"event_report", "recap"}:
        items = packs.event_items()
    else:
        sessions = packs.sessions()
        rows = [row for row in sessions if session_id is None or event.agenda.id(row) == session_id]
        items = [item for row in rows for item in packs.items(row, options)]
    for item in items:
        if item["id"] == item_id:
            return {"data": item}
    raise RequestError(404, "there is no such item")


def _download_report(organization: Organization, call: HandlerRequest) -> object:
    _, packs = _packs(organization, call, "variant")
    if call.path["document_type"] != "event_report":
        raise RequestError(404, "there is no such document")
    variant = read_word(call.query.get("variant", _VARIANTS[0]), "variant", _VARIANTS)
    return HandlerReply(packs.report(variant), content_type=PDF)


def _download_document(organization: Organization, call: HandlerRequest) -> object:
    event, packs = _packs(organization, call)
    row, document_type = session_of(event, call), call.path["document_type"]
    body = packs.file(row, document_type) if document_type in SESSION_DOCUMENTS else None
    if body is None:
        raise RequestError(404, "there is no such document")
    return HandlerReply(body, content_type=SESSION_DOCUMENTS[document_type])


OPERATIONS: dict[str, Handler] = {
    "list-event-content": _list_packs,
    "get-event-content": _get_event_pack,
    "get-content-item": _get_item,
    "get-session-content": _get_session_pack,
    "download-event-content-document": _download_report,
    "download-session-content-document": _download_document,
}
