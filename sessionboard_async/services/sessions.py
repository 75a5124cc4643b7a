"""The sessions of an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.pages import Pager, PagerOptions
from sessionboard_async.models import Session, SessionStatus
from sessionboard_async.models.base import EventId
from sessionboard_async.services.base import Service
from sessionboard_async.services.search import (
    STATUS_SEARCH,
    Expansion,
    RecordSearch,
    StatusSearch,
    expansions,
)


class Sessions(Service):
    """What is on the programme of an event, and what was submitted for it."""

    SEARCH = Endpoint(
        "search-sessions",
        "POST",
        "/v1/event/{event_id}/sessions",
        page_of(Session),
        read=True,
        scope="read:sessions",
    )
    LIST = Endpoint(
        "list-sessions",
        "GET",
        "/v1/event/{event_id}/sessions",
        page_of(Session, size_parameter="page_size"),
        scope="read:sessions",
    )
    SEARCH_STATUSES = Endpoint(
        "search-sessions-by-status",
        "POST",
        "/v1/event/{event_id}/sessions/status",
        page_of(SessionStatus),
        read=True,
        scope="read:sessions",
    )
    GET = Endpoint(
        "get-session",
        "GET",
        "/v1/event/{event_id}/sessions/{session_id}",
        Session,
        scope="read:sessions",
        limit="entity-reads",
    )

    def search(
        self, event_id: EventId | None, *, is_abstract: bool | None = None, **search: Unpack[RecordSearch]
    ) -> Pager[Session]:
        """Search the sessions of an event: the way to read many.

        Without filters every status comes, program sessions and abstracts alike. Sessions that were merged
        into another one come only with ``expand=["linked_sources"]``. The API may serve answers that are up
        to three minutes old.

        Args:
            event_id: The event.
            is_abstract: Only abstracts, or only program sessions.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A stream of sessions. Scope ``read:sessions``; not rate limited.

        Raises:
            ValueError: If an argument is not one that the API knows, or a time has no offset.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._search(self.SEARCH, {"event_id": event_id}, search, {"isAbstract": is_abstract})

    def list(
        self,
        event_id: EventId | None,
        *,
        status: str | None = None,
        is_abstract: bool | None = None,
        track_id: str | None = None,
        tag_id: str | None = None,
        search: str | None = None,
        expand: Sequence[Expansion] = (),
        **options: Unpack[PagerOptions],
    ) -> Pager[Session]:
        """List the sessions of an event by track, tag or words, which ``search`` cannot filter by.

        Args:
            event_id: The event.
            status: Only sessions with this status.
            is_abstract: Only abstracts, or only program sessions.
            track_id: Only sessions of this track.
            tag_id: Only sessions with this tag.
            search: Only sessions that hold these words.
            expand: What the sessions shall hold in addition.
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A stream of sessions. Scope ``read:sessions``.

        Raises:
            ValueError: If an expansion is not one that the API knows.
        """
        query = {
            "status": status,
            "is_abstract": is_abstract,
            "track_id": track_id,
            "tag_id": tag_id,
            "search": search,
            "expand": expansions(expand),
        }
        return self._pages(self.LIST, {"event_id": event_id}, query, **options)

    def search_statuses(
        self, event_id: EventId | None, **search: Unpack[StatusSearch]
    ) -> Pager[SessionStatus]:
        """Search the statuses of sessions, deleted ones included: the only way to learn of deletions.

        A subsession comes twice: within its parent, and on a row of its own.

        Args:
            event_id: The event.
            **search: Filters, sort, expansions and paging, as in ``StatusSearch``.

        Returns:
            A stream of light rows. Scope ``read:sessions``; not rate limited.

        Raises:
            ValueError: If an argument is not one that the API knows, or a time has no offset.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._search(self.SEARCH_STATUSES, {"event_id": event_id}, search, kind=STATUS_SEARCH)

    async def get(
        self, event_id: EventId | None, session_id: str | None, *, expand: Sequence[Expansion] = ()
    ) -> Session:
        """Get one session, or one subsession.

        To read many, search: this operation is rate limited, and a search is not. The API may serve an answer
        that is up to three minutes old.

        Args:
            event_id: The event.
            session_id: The session, or a subsession of one.
            expand: What the session shall hold in addition.

        Returns:
            The session. Scope ``read:sessions``; limit category ``entity-reads``.

        Raises:
            NotFoundError: If there is no such session.
            ValueError: If an id is empty, or an expansion is not one that the API knows.
            TypeError: If an id is ``None``.
        """
        path = {"event_id": event_id, "session_id": session_id}
        return await self._record(self.GET, path, {"expand": expansions(expand)})
