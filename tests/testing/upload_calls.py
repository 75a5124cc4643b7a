"""Calls of the handlers of files, recordings, media and content as plain functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from multidict import CIMultiDict, MultiDict

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.dataset import Organization, Size
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import Criteria
from sessionboard_async.testing._data.storage import PATH, StorageAnswer
from sessionboard_async.testing._handlers import OPERATIONS
from sessionboard_async.testing._writes.requests import HandlerReply, HandlerRequest

Answer = dict[str, Any]


class Client:
    """Calls the operations of the first event, and its storage; ``now`` is in seconds since 1970."""

    def __init__(self, sessions: int = 60) -> None:
        size = Size.of(
            events=1, sessions=sessions, speakers=None, contacts=None, sponsors=None, exhibitors=None
        )
        self.now = 1_790_000_000.5
        self.organization = Organization(1, size, Clock(lambda: self.now))
        self.event = next(iter(self.organization.events.values()))
        rows = self.event.sessions(Criteria(order="created", descending=False), linked_sources=False)
        self.session_ids = [self.event.agenda.id(row) for row in rows]
        self.session_id = next(
            id_ for id_, row in zip(self.session_ids, rows, strict=True) if not self.event.files.records(row)
        )

    def reply(
        self,
        operation: str,
        id_: str = "",
        /,
        *,
        session_id: str | None = None,
        body: bytes | None = None,
        headers: Any = (),
        query: Any = (),
        **values: Any,
    ) -> HandlerReply:
        names = ("file_id", "recording_id", "media_item_id", "transcription_id", "item_id", "document_type")
        path = {
            "event_id": str(self.event.id),
            "session_id": session_id or self.session_id,
            **dict.fromkeys(names, id_),
        }
        sent = json.dumps(values).encode() if body is None else body
        call = HandlerRequest(path, MultiDict(query), sent, CIMultiDict(headers))
        answer = OPERATIONS[operation](self.organization, call)
        return answer if isinstance(answer, HandlerReply) else HandlerReply(answer)

    def __call__(self, operation: str, id_: str = "", /, **values: Any) -> Any:
        """Return the ``data`` of an answer, or the whole answer if it has a pagination."""
        content: Any = self.reply(operation, id_, **values).content
        return content["data"] if content and content.keys() == {"data"} else content

    def refusal(self, operation: str, id_: str = "", /, **values: Any) -> tuple[int, str]:
        with pytest.raises(RequestError) as caught:
            self(operation, id_, **values)
        return caught.value.status, caught.value.message

    def store(self, method: str, url: str, body: bytes = b"", **headers: str) -> StorageAnswer:
        """Send a request to the storage; header names have ``_`` for ``-``."""
        parts = urlsplit(url)
        key = unquote(parts.path).removeprefix(PATH)
        given = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        if method == "PUT":
            given.setdefault("Content-Length", str(len(body)))
        query = MultiDict(parse_qsl(parts.query))
        return self.organization.storage.answer(method, key, query, given, body)

    def put(self, upload: Mapping[str, Any], body: bytes) -> str:
        """Send bytes to an upload address, and return their ``ETag``."""
        headers = {name.replace("-", "_"): value for name, value in upload["headers"].items()}
        answer = self.store("PUT", upload["url"], body, **headers)
        assert answer.status == 200, answer.body
        return answer.headers["ETag"]

    def read(self, url: str) -> bytes:
        answer = self.store("GET", url)
        assert answer.status == 200, answer.body
        return answer.body
