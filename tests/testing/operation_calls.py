"""Calls of the embedded server's handlers as plain functions, for tests of many operations."""

from __future__ import annotations

import json
from threading import Event
from typing import Any

import pytest
from multidict import MultiDict

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.dataset import EventData, Organization, Size
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.tokens import Grant
from sessionboard_async.testing._handlers import OPERATIONS
from sessionboard_async.testing._writes.requests import DeferredReply, HandlerReply, HandlerRequest

Answer = dict[str, Any]


def computed(reply: object) -> object:
    """Return the reply of a handler, computed if it is deferred."""
    return reply.compute(Event()) if isinstance(reply, DeferredReply) else reply


class Operations:
    """The operations of one organization; those of events use its first event by default."""

    def __init__(self, events: int = 1, sessions: int = 60) -> None:
        size = Size.of(
            events=events, sessions=sessions, speakers=None, contacts=None, sponsors=None, exhibitors=None
        )
        self.organization = Organization(1, size, Clock(lambda: 1_790_000_000.5))
        self.events: list[EventData] = list(self.organization.events.values())
        self.event = self.events[0]
        self.grant = Grant()

    def __call__(
        self, operation: str, id_: str = "", *, query: Any = (), at: EventData | None = None, **body: Any
    ) -> Any:
        ids = ("id", "session_id", "contact_id", "sponsor_id", "exhibitor_id", "field_id")
        path = {
            "event_id": str((at or self.event).id),
            "org_id": self.organization.id,
            **dict.fromkeys(ids, id_),
        }
        call = HandlerRequest(path, MultiDict(query), json.dumps(body).encode(), grant=self.grant)
        answer = computed(OPERATIONS[operation](self.organization, call))
        return answer.content if isinstance(answer, HandlerReply) else answer

    def refusal(self, operation: str, id_: str = "", **body: Any) -> tuple[int, str]:
        with pytest.raises(RequestError) as caught:
            self(operation, id_, **body)
        return caught.value.status, caught.value.message

    def found(self, operation: str, at: EventData | None = None, **body: Any) -> list[Answer]:
        """Return the results of a search, all pages together."""
        records: list[Answer] = []
        while True:
            query = {"page": str(len(records) // 100 + 1), "pageSize": "100"}
            page = self(operation, query=query, at=at, **body)
            records += page["results"]
            if len(records) == page["pagination"]["totalResults"]:
                return records

    def ids(self, operation: str, at: EventData | None = None, **body: Any) -> list[str]:
        return [record["id"] for record in self.found(operation, at, **body)]

    def sessions(self) -> list[Answer]:
        return self.found("search-sessions", expand=["subsession_details"])
