"""Calls of the session handlers as plain functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from multidict import MultiDict

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.dataset import EventData, Organization, Size
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import Criteria
from sessionboard_async.testing._handlers import OPERATIONS
from sessionboard_async.testing._writes.requests import HandlerReply, HandlerRequest

Answer = dict[str, Any]


class Client:
    """Calls the operations of the first event as plain functions."""

    def __init__(self, sessions: int = 60) -> None:
        size = Size.of(
            events=1, sessions=sessions, speakers=None, contacts=None, sponsors=None, exhibitors=None
        )
        self.organization = Organization(1, size, Clock(lambda: 1_790_000_000.5))
        self.event: EventData = next(iter(self.organization.events.values()))

    def __call__(self, operation: str, id_: str = "", query: Any = (), **body: Any) -> Any:
        path = {"event_id": str(self.event.id), "session_id": id_}
        answer = OPERATIONS[operation](
            self.organization, HandlerRequest(path, MultiDict(query), json.dumps(body).encode())
        )
        return None if isinstance(answer, HandlerReply) else answer

    def create(self, **values: Any) -> Answer:
        return dict(self("create-session", **{"title": "A talk"} | values))

    def refusal(self, operation: str, id_: str = "", **body: Any) -> tuple[int, str]:
        with pytest.raises(RequestError) as caught:
            self(operation, id_, **body)
        return caught.value.status, caught.value.message

    def found(self, operation: str = "search-sessions", **body: Any) -> list[str]:
        """Return the ids of a search, all pages together."""
        ids: list[str] = []
        while True:
            page = self(operation, query={"page": str(len(ids) // 100 + 1), "pageSize": "100"}, **body)
            ids += [record["id"] for record in page["results"]]
            if len(ids) == page["pagination"]["totalResults"]:
                return ids

    def listed(self, **query: str) -> list[str]:
        page = self("list-sessions", query={"page_size": "100", **query})
        return [record["id"] for record in page["data"]]

    def setting(self, family: str, place: int = 0) -> Answer:
        return dict(self.event.metadata.all(family)[place])

    def generated(self, is_wanted: Callable[[Answer], bool]) -> Answer:
        """Return the first session of the data set that meets a condition."""
        rows = self.event.sessions(Criteria(), linked_sources=True)
        records = (dict(self.event.program.session(row, unassigned=None, expand=())) for row in rows)
        return next(record for record in records if is_wanted(record))


def standalone(record: Answer) -> bool:
    return not record["subsessions"] and record["composition_status"]["role"] == "standalone"


def with_parts(record: Answer) -> bool:
    return bool(record["subsessions"]) and not record["composition_status"]["is_read_only"]
