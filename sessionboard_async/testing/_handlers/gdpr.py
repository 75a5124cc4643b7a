"""Handlers of GDPR requests."""

from __future__ import annotations

from http import HTTPStatus

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import read_word, refuse_unknown
from sessionboard_async.testing._data.seeded import uuid_for
from sessionboard_async.testing._sbql.tables import contacts_of
from sessionboard_async.testing._writes.requests import Handler, HandlerReply, HandlerRequest, read_values

_REQUIRED = ("requestType", "identityType", "identityValue")
_FIRST_USER = 2001


def _list(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, ())
    return {"results": organization.store("GDPR request").all()}


def _create(organization: Organization, call: HandlerRequest) -> HandlerReply:
    refuse_unknown(call.query, ())
    body = read_values(call.json(), dict.fromkeys(_REQUIRED, str), required=_REQUIRED)
    email = str(body["identityValue"])
    records = _contacts(organization, email)
    request = organization.store("GDPR request").create(
        {
            "org_id": organization.id,
            "request_type": read_word(body["requestType"], "requestType", ("erasure", "access")),
            "identity_type": read_word(body["identityType"], "identityType", ("email",)),
            "identity_value": email,
            "status": "pending",
            "matching_user_exists": bool(records),
            "response": {
                "users": [_FIRST_USER] if records else [],
                "org_users": [uuid_for(organization.id, "user", email)] if records else [],
                "event_users": [event_id for event_id, _ in records],
                "contact_records": list(dict.fromkeys(str(contact["id"]) for _, contact in records)),
            },
        }
    )
    return HandlerReply(request, HTTPStatus.CREATED)


def _contacts(organization: Organization, email: str) -> list[tuple[int, Record]]:
    """Return the contacts with an e-mail address, each with the id of an event, once per event."""
    wanted = email.strip().casefold()
    return [
        (event.id, contact)
        for event in organization.events.values()
        for contact in contacts_of(organization, event)
        if str(contact.get("email") or "").casefold() == wanted
    ]


OPERATIONS: dict[str, Handler] = {"list-gdpr-requests": _list, "create-gdpr-request": _create}
