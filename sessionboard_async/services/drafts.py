"""Agenda drafts: sessions are placed in a draft, and a commit applies it to the live schedule."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, list_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import AgendaDraft, BulkAnswer, BulkResult, DraftChanges, DraftSession, Room
from sessionboard_async.services._common.bulk.operations import BulkValues, Operations
from sessionboard_async.services._common.bulk.outcomes import BulkOutcomes
from sessionboard_async.services._common.crud import CRUDEndpoints
from sessionboard_async.services._common.datetimes import Timestamp
from sessionboard_async.services._common.ids.arguments import Id, Path, id_of
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.ids.sessions import SessionLike
from sessionboard_async.services._common.payloads import Extra, RequiredName, Writable
from sessionboard_async.services.planning import PlanningService, planning_endpoints, planning_get


class DraftUpdate(TypedDict, total=False):
    """Values that update an agenda draft.

    Attributes:
        name: The name.
        description: The purpose.
    """

    name: Writable[str]
    description: Writable[str]


class DraftCreate(RequiredName, total=False):
    """Values that create an agenda draft; ``name`` is required.

    Attributes:
        name: The name.
        description: The purpose.
    """

    description: Writable[str]


class DraftSessionUpdate(TypedDict, total=False):
    """The time and room that a draft gives to a session.

    Attributes:
        starts_at: The start: an aware datetime, or an ISO 8601 string with its offset.
        ends_at: The end, in the same forms.
        room_id: The room, or its id.
    """

    starts_at: Writable[Timestamp]
    ends_at: Writable[Timestamp]
    room_id: Writable[Room | Id]


class _PlacedSession(TypedDict):
    session_id: SessionLike


class DraftSessionCreate(_PlacedSession, DraftSessionUpdate):
    """Values that place a session; ``session_id`` is required.

    Attributes:
        session_id: The session to place, or its id.
        starts_at: The start: an aware datetime, or an ISO 8601 string with its offset.
        ends_at: The end, in the same forms.
        room_id: The room, or its id.
    """


_DRAFT = "/v1/event/{event_id}/agenda-drafts/{draft_id}"
_PLACEMENTS = f"{_DRAFT}/sessions"
_PLACEMENT = f"{_PLACEMENTS}/{{draft_session_id}}"


class AgendaDrafts(PlanningService[AgendaDraft]):
    """The agenda drafts of an event, and the sessions that they place.

    Scope ``read:events`` for reading, ``write:events`` for writing. Rate-limit category: ``event-writes`` for
    writing; no documented limit for reads.
    """

    _CRUD: CRUDEndpoints[AgendaDraft] = planning_endpoints(
        "agenda-drafts",
        "draft_id",
        AgendaDraft,
        list_all="list-agenda-drafts",
        create="create-agenda-draft",
        update="update-agenda-draft",
        delete="delete-agenda-draft",
    )
    _GET: Endpoint[AgendaDraft] = planning_get("get-agenda-draft", "agenda-drafts", "draft_id", AgendaDraft)
    _CHANGES: Endpoint[DraftChanges] = Endpoint(
        "get-agenda-draft-changes",
        "GET",
        f"{_DRAFT}/changes",
        DraftChanges,
        scope="read:events",
        may_be_empty=True,
    )
    _COMMIT: Endpoint[None] = Endpoint(
        "commit-agenda-draft",
        "POST",
        f"{_DRAFT}/commit",
        None,
        scope="write:events",
        limit="event-writes",
    )
    _SESSIONS: Endpoint[DraftSession] = Endpoint(
        "list-draft-sessions", "GET", _PLACEMENTS, list_of(DraftSession), scope="read:events"
    )
    _ADD_SESSION: Endpoint[DraftSession] = Endpoint(
        "create-draft-session",
        "POST",
        f"{_PLACEMENTS}/create",
        DraftSession,
        scope="write:events",
        limit="event-writes",
    )
    _UPDATE_SESSION: Endpoint[DraftSession] = Endpoint(
        "update-draft-session",
        "PUT",
        _PLACEMENT,
        DraftSession,
        scope="write:events",
        limit="event-writes",
    )
    _REMOVE_SESSION: Endpoint[None] = Endpoint(
        "delete-draft-session",
        "DELETE",
        _PLACEMENT,
        None,
        scope="write:events",
        limit="event-writes",
    )
    _BULK_SESSIONS: Endpoint[BulkAnswer] = Endpoint(
        "bulk-draft-sessions",
        "POST",
        f"{_PLACEMENTS}/bulk",
        BulkAnswer,
        scope="write:events",
        limit="event-writes",
    )

    async def create(
        self, event_id: EventLike, *, extra: Extra | None = None, **values: Unpack[DraftCreate]
    ) -> AgendaDraft:
        """Create a draft.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            **values: The values, as in ``DraftCreate``.

        Returns:
            The created draft.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._create(event_id, DraftCreate, values, extra)

    async def update(
        self,
        event_id: EventLike,
        id: AgendaDraft | Id,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[DraftUpdate],
    ) -> AgendaDraft:
        """Update a draft. Only the fields you pass are sent.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            id: The draft, or its id.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``DraftUpdate``; ``None`` clears a value.

        Returns:
            The updated draft.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._update(event_id, id, DraftUpdate, values, extra)

    async def changes(self, event_id: EventLike, id: AgendaDraft | Id) -> DraftChanges:  # noqa: A002  # the API's own word
        """Get the changes that committing a draft would make.

        Scope ``read:events``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            id: The draft, or its id.

        Returns:
            The changes; their form is not documented, so the whole answer is in ``as_sent``.

        Raises:
            NotFoundError: If the draft does not exist.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self._CHANGES, self._path(event_id, id))

    async def commit(self, event_id: EventLike, id: AgendaDraft | Id) -> None:  # noqa: A002  # the API's own word
        """Apply a draft to the live schedule.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            id: The draft, or its id.

        Raises:
            ConflictError: If the API cannot apply the draft; its document does not say when.
            NotFoundError: If the draft does not exist.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self._COMMIT, self._path(event_id, id))

    def sessions(
        self, event_id: EventLike, draft_id: AgendaDraft | Id, **options: Unpack[PagerOptions]
    ) -> Pager[DraftSession]:
        """List the placements of a draft: sessions with time and room.

        Scope ``read:events``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            draft_id: The draft, or its id.
            **options: Paging, as in ``PagerOptions``; matters only with servers that answer in pages.

        Returns:
            A pager of placements.

        Raises:
            ValueError: If an id is empty, or an option is out of bounds.
            TypeError: If an id is ``None``.
        """
        return self._pages(self._SESSIONS, self._path(event_id, draft_id), **options)

    async def add_session(
        self,
        event_id: EventLike,
        draft_id: AgendaDraft | Id,
        *,
        extra: Extra | None = None,
        **values: Unpack[DraftSessionCreate],
    ) -> DraftSession:
        """Place a session in a draft.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            draft_id: The draft, or its id.
            extra: More properties, under the API's names.
            **values: The session, time and room, as in ``DraftSessionCreate``.

        Returns:
            The placement.

        Raises:
            NotFoundError: If the draft does not exist.
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, or an id is empty.
        """
        return await self._write(
            self._ADD_SESSION, self._path(event_id, draft_id), DraftSessionCreate, values, extra
        )

    async def update_session(
        self,
        event_id: EventLike,
        draft_id: AgendaDraft | Id,
        draft_session_id: DraftSession | Id,
        *,
        extra: Extra | None = None,
        **values: Unpack[DraftSessionUpdate],
    ) -> DraftSession:
        """Move a session in a draft. Only the fields you pass are sent.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            draft_id: The draft, or its id.
            draft_session_id: The placement, or its id; not the session.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``DraftSessionUpdate``; ``None`` clears a value.

        Returns:
            The updated placement.

        Raises:
            NotFoundError: If the placement does not exist.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, or an id is empty.
        """
        path = self._placement(event_id, draft_id, draft_session_id)
        return await self._write(self._UPDATE_SESSION, path, DraftSessionUpdate, values, extra)

    async def remove_session(
        self, event_id: EventLike, draft_id: AgendaDraft | Id, draft_session_id: DraftSession | Id
    ) -> None:
        """Remove a session from a draft; the session itself is not deleted.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            draft_id: The draft, or its id.
            draft_session_id: The placement, or its id; not the session.

        Raises:
            NotFoundError: If the placement does not exist.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self._REMOVE_SESSION, self._placement(event_id, draft_id, draft_session_id))

    async def bulk_sessions(
        self,
        event_id: EventLike,
        draft_id: AgendaDraft | Id,
        operations: Operations,
        *,
        outcomes: BulkOutcomes | None = None,
    ) -> BulkResult:
        """Place, move and remove any number of sessions, in sequential requests of up to 100 operations.

        Scope ``write:events``; each request counts once in the rate-limit category ``event-writes``; no
        request is retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            draft_id: The draft, or its id.
            operations: ``Create``, ``Update`` and ``Delete`` values with the keywords of ``add_session`` and
                ``update_session``, in an iterable or async iterable. Those of a list are all checked before
                anything is sent.
            outcomes: Filled as batches are answered: pass a ``BulkOutcomes()`` to have the outcomes of a call
                that is cancelled or times out.

        Returns:
            The outcome of each operation, in the order given. Operations that the API refused raise nothing:
            read ``failures``.

        Raises:
            BulkInterruptedError: If a batch failed, or the iterator yielded an invalid operation or raised an
                error, after others had been answered; its ``result`` has the outcomes.
            SessionboardError: If the first batch failed.
            TypeError: If a keyword of an operation is unknown or missing, a value has the wrong type, or an
                id is ``None``.
            ValueError: If a time has no offset, an id is empty, or the outcomes are those of another call.
        """
        values = BulkValues(DraftSessionCreate, DraftSessionUpdate, DraftSession)
        path = self._path(event_id, draft_id)
        return await self._bulk(self._BULK_SESSIONS, path, operations, values, outcomes)

    def _placement(
        self, event_id: EventLike, draft_id: AgendaDraft | Id, draft_session_id: DraftSession | Id
    ) -> Path:
        placement = id_of("draft_session_id", draft_session_id, DraftSession)
        return {**self._path(event_id, draft_id), "draft_session_id": placement}
