"""Drafts of an agenda: sessions are placed there, and the live schedule follows when they are committed."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, list_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import AgendaDraft, BulkAnswer, BulkResult, DraftChanges, DraftSession
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.bulk import BulkValues, Operations
from sessionboard_async.services._common.crud import CRUDEndpoints
from sessionboard_async.services._common.datetimes import Timestamp
from sessionboard_async.services._common.paths import Path
from sessionboard_async.services._common.payloads import Extra, RequiredName, Writable
from sessionboard_async.services.planning import PlanningService, planning_endpoints, planning_get


class DraftUpdate(TypedDict, total=False):
    """What changes a draft.

    Attributes:
        name: Its name.
        description: What it is for.
    """

    name: Writable[str]
    description: Writable[str]


class DraftCreate(RequiredName, total=False):
    """What creates a draft; ``name`` must be there.

    Attributes:
        description: What it is for.
    """

    description: Writable[str]


class DraftSessionUpdate(TypedDict, total=False):
    """Where and when a draft places a session.

    Attributes:
        starts_at: When it begins: an aware datetime, or an ISO 8601 string with its offset.
        ends_at: When it ends.
        room_id: The room.
    """

    starts_at: Writable[Timestamp]
    ends_at: Writable[Timestamp]
    room_id: Writable[str]


class _PlacedSession(TypedDict):
    session_id: str


class DraftSessionCreate(_PlacedSession, DraftSessionUpdate):
    """What places a session; ``session_id`` must be there."""


_DRAFT = "/v1/event/{event_id}/agenda-drafts/{draft_id}"
_SESSIONS = f"{_DRAFT}/sessions"
_ONE_SESSION = f"{_SESSIONS}/{{draft_session_id}}"


class AgendaDrafts(PlanningService[AgendaDraft]):
    """The drafts of an event's agenda, and the sessions that they place."""

    CRUD: CRUDEndpoints[AgendaDraft] = planning_endpoints(
        "agenda-drafts",
        "draft_id",
        AgendaDraft,
        list_all="list-agenda-drafts",
        create="create-agenda-draft",
        update="update-agenda-draft",
        delete="delete-agenda-draft",
    )
    GET: Endpoint[AgendaDraft] = planning_get("get-agenda-draft", "agenda-drafts", "draft_id", AgendaDraft)
    CHANGES: Endpoint[DraftChanges] = Endpoint(
        "get-agenda-draft-changes",
        "GET",
        f"{_DRAFT}/changes",
        DraftChanges,
        scope="read:events",
        may_be_empty=True,
    )
    COMMIT: Endpoint[None] = Endpoint(
        "commit-agenda-draft",
        "POST",
        f"{_DRAFT}/commit",
        None,
        scope="write:events",
        limit="event-writes",
    )
    SESSIONS: Endpoint[DraftSession] = Endpoint(
        "list-draft-sessions", "GET", _SESSIONS, list_of(DraftSession), scope="read:events"
    )
    ADD_SESSION: Endpoint[DraftSession] = Endpoint(
        "create-draft-session",
        "POST",
        f"{_SESSIONS}/create",
        DraftSession,
        scope="write:events",
        limit="event-writes",
    )
    UPDATE_SESSION: Endpoint[DraftSession] = Endpoint(
        "update-draft-session",
        "PUT",
        _ONE_SESSION,
        DraftSession,
        scope="write:events",
        limit="event-writes",
    )
    REMOVE_SESSION: Endpoint[None] = Endpoint(
        "delete-draft-session",
        "DELETE",
        _ONE_SESSION,
        None,
        scope="write:events",
        limit="event-writes",
    )
    BULK_SESSIONS: Endpoint[BulkAnswer] = Endpoint(
        "bulk-draft-sessions",
        "POST",
        f"{_SESSIONS}/bulk",
        BulkAnswer,
        scope="write:events",
        limit="event-writes",
    )

    async def create(
        self, event_id: EventId | None, *, extra: Extra | None = None, **values: Unpack[DraftCreate]
    ) -> AgendaDraft:
        """Create one.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``DraftCreate``.

        Returns:
            The record as it was created.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type, or the event's id is ``None``.
            ValueError: If a value is masked.
        """
        return await self._create(event_id, DraftCreate, values, extra)

    async def update(
        self,
        event_id: EventId | None,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[DraftUpdate],
    ) -> AgendaDraft:
        """Change what is passed of one, and nothing else.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            id: Its id.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``DraftUpdate``; ``None`` clears.

        Returns:
            The record as it is now.

        Raises:
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        return await self._update(event_id, id, DraftUpdate, values, extra)

    async def changes(self, event_id: EventId | None, id: str | None) -> DraftChanges:  # noqa: A002  # the API's own word
        """Tell what committing a draft would change.

        Scope ``read:events``; no limit is documented.

        Args:
            event_id: The event.
            id: Its id.

        Returns:
            The changes; the API's document does not say in which form, so all of it is in ``as_sent``.

        Raises:
            NotFoundError: If there is no such draft.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self.CHANGES, self._path(event_id, id))

    async def commit(self, event_id: EventId | None, id: str | None) -> None:  # noqa: A002  # the API's own word
        """Apply a draft to the live schedule.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            id: Its id.

        Raises:
            ConflictError: If the API cannot apply it; its document does not say when.
            NotFoundError: If there is no such draft.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self.COMMIT, self._path(event_id, id))

    def sessions(
        self, event_id: EventId | None, draft_id: str | None, **options: Unpack[PagerOptions]
    ) -> Pager[DraftSession]:
        """List where and when a draft places sessions.

        Scope ``read:events``; no limit is documented.

        Args:
            event_id: The event.
            draft_id: The draft.
            **options: Paging, as in ``PagerOptions``. Pages matter only with servers that send them here.

        Returns:
            A stream of placements.

        Raises:
            ValueError: If an id is empty, or an option is out of bounds.
            TypeError: If an id is ``None``.
        """
        return self._pages(self.SESSIONS, self._path(event_id, draft_id), **options)

    async def add_session(
        self,
        event_id: EventId | None,
        draft_id: str | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[DraftSessionCreate],
    ) -> DraftSession:
        """Place a session in a draft.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            draft_id: The draft.
            extra: Further properties, under the API's own names.
            **values: What is placed where, as in ``DraftSessionCreate``.

        Returns:
            The placement.

        Raises:
            NotFoundError: If there is no such draft.
            TypeError: If a value is unknown, missing or of the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, or an id is empty.
        """
        return await self._write(
            self.ADD_SESSION, self._path(event_id, draft_id), DraftSessionCreate, values, extra
        )

    async def update_session(
        self,
        event_id: EventId | None,
        draft_id: str | None,
        draft_session_id: str | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[DraftSessionUpdate],
    ) -> DraftSession:
        """Move a session in a draft: change what is passed, and nothing else.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            draft_id: The draft.
            draft_session_id: The placement, and not the session.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``DraftSessionUpdate``; ``None`` clears.

        Returns:
            The placement as it is now.

        Raises:
            NotFoundError: If there is no such placement.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, or an id is empty.
        """
        path = self._placement(event_id, draft_id, draft_session_id)
        return await self._write(self.UPDATE_SESSION, path, DraftSessionUpdate, values, extra)

    async def remove_session(
        self, event_id: EventId | None, draft_id: str | None, draft_session_id: str | None
    ) -> None:
        """Take a session out of a draft; the session itself stays.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            draft_id: The draft.
            draft_session_id: The placement, and not the session.

        Raises:
            NotFoundError: If there is no such placement.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self.REMOVE_SESSION, self._placement(event_id, draft_id, draft_session_id))

    async def bulk_sessions(
        self, event_id: EventId | None, draft_id: str | None, operations: Operations
    ) -> BulkResult:
        """Place, move and remove any number of sessions, 100 in each request, one request after the other.

        Scope ``write:events``; each request counts once in the limit category ``event-writes``; none is sent
        again once it may have arrived.

        Args:
            event_id: The event.
            draft_id: The draft.
            operations: ``Create``, ``Update`` and ``Delete`` values with the keywords of ``add_session`` and
                ``update_session``, also as an async iterator. Those of a list are all checked before anything
                is sent.

        Returns:
            What became of each operation, in the order given. Read ``failed``: that the API refused some of
            them is no error.

        Raises:
            BulkInterruptedError: If a batch failed after others had been answered; its ``result`` has the
                outcomes.
            SessionboardError: If the first batch failed.
            TypeError: If an operation has a value that is unknown, missing or of the wrong type.
            ValueError: If a time has no offset.
        """
        values = BulkValues(DraftSessionCreate, DraftSessionUpdate)
        return await self._bulk(self.BULK_SESSIONS, self._path(event_id, draft_id), operations, values)

    def _placement(
        self, event_id: EventId | None, draft_id: str | None, draft_session_id: str | None
    ) -> Path:
        return {**self._path(event_id, draft_id), "draft_session_id": draft_session_id}
