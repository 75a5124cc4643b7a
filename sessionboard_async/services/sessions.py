"""The sessions of an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import Format, Language, Level, Room, Session, SessionStatus, Tag, Track
from sessionboard_async.services._common.bulk.operations import BulkValues
from sessionboard_async.services._common.datetimes import Timestamp
from sessionboard_async.services._common.filters import (
    STATUS_SEARCH,
    Expansion,
    RecordSearch,
    StatusSearch,
    expansions,
)
from sessionboard_async.services._common.ids.arguments import Id, Kinds, filter_id
from sessionboard_async.services._common.ids.events import EventLike, event_path
from sessionboard_async.services._common.ids.sessions import SessionLike
from sessionboard_async.services._common.payloads import CustomFields, Extra, Writable, payload
from sessionboard_async.services._common.records import RecordService, RecordWrites, UpdatedAt, record_writes


class SessionValues(TypedDict, total=False):
    """Values of a session, without its title, that a create and an update take.

    Attributes:
        description: HTML.
        starts_at: The start: an aware datetime, or an ISO 8601 string with its offset.
        ends_at: The end, in the same forms.
        capacity: The number of seats.
        room_id: The room, or its id.
        track_id: The track, or its id.
        status: A status of the API; other words are passed on.
        tag_ids: The tags, or their ids; they replace the tags that the session has.
        is_public: Whether the session is shown in public.
        custom_fields: Values of custom fields.
    """

    description: Writable[str]
    starts_at: Writable[Timestamp]
    ends_at: Writable[Timestamp]
    capacity: Writable[int]
    room_id: Writable[Room | Id]
    track_id: Writable[Track | Id]
    status: Writable[str]
    tag_ids: Writable[Sequence[Tag | Id]]
    is_public: Writable[bool]
    custom_fields: Writable[CustomFields]


class SessionUpdate(SessionValues, UpdatedAt, total=False):
    """Values that update a session.

    Attributes:
        title: The title.
        description: HTML.
        starts_at: The start: an aware datetime, or an ISO 8601 string with its offset.
        ends_at: The end, in the same forms.
        capacity: The number of seats.
        room_id: The room, or its id.
        track_id: The track, or its id.
        status: A status of the API; other words are passed on.
        tag_ids: The tags, or their ids; they replace the tags that the session has.
        is_public: Whether the session is shown in public.
        custom_fields: Values of custom fields.
        updated_at: The record's ``updated_at`` as it was read. If the record was changed since, the API
            refuses the update with a ``ConflictError``.
    """

    title: Writable[str]


class _SessionTitle(TypedDict):
    title: str


class SessionCreate(_SessionTitle, SessionValues, total=False):
    """Values that create a session; ``title`` is required.

    Attributes:
        title: The title.
        description: HTML.
        starts_at: The start: an aware datetime, or an ISO 8601 string with its offset.
        ends_at: The end, in the same forms.
        capacity: The number of seats.
        room_id: The room, or its id.
        track_id: The track, or its id.
        status: A status of the API; other words are passed on.
        tag_ids: The tags, or their ids; they replace the tags that the session has.
        is_public: Whether the session is shown in public.
        custom_fields: Values of custom fields.
        level_id: The level, or its id. This and the following can be set only when a session is created.
        format_id: The format, or its id.
        language_id: The language, or its id.
        parent_session_id: The session that it becomes a subsession of, or its id.
        is_abstract: Whether it is a submission and not yet on the programme.
    """

    level_id: Writable[Level | Id]
    format_id: Writable[Format | Id]
    language_id: Writable[Language | Id]
    parent_session_id: Writable[SessionLike]
    is_abstract: Writable[bool]


class SessionFields(TypedDict):
    """The custom fields of a session.

    Attributes:
        custom_fields: Values of custom fields.
    """

    custom_fields: CustomFields


class Sessions(RecordService[Session, SessionLike]):
    """The sessions on the programme of an event, and the abstracts submitted for it.

    Scope ``read:sessions`` for reading, ``write:sessions`` for writing. Rate-limit categories:
    ``entity-reads`` for ``get``, ``session-writes`` for writing; no documented limit for other reads.
    """

    _ID_ARGUMENT: str = "session_id"
    _KINDS: Kinds = SessionLike
    _SEARCH: Endpoint[Session] = Endpoint(
        "search-sessions",
        "POST",
        "/v1/event/{event_id}/sessions",
        page_of(Session, dated=True),
        idempotent=True,
        scope="read:sessions",
    )
    _LIST: Endpoint[Session] = Endpoint(
        "list-sessions",
        "GET",
        "/v1/event/{event_id}/sessions",
        page_of(Session, size_parameter="page_size"),
        scope="read:sessions",
    )
    _SEARCH_STATUSES: Endpoint[SessionStatus] = Endpoint(
        "search-sessions-by-status",
        "POST",
        "/v1/event/{event_id}/sessions/status",
        page_of(SessionStatus, dated=True),
        idempotent=True,
        scope="read:sessions",
    )
    _GET: Endpoint[Session] = Endpoint(
        "get-session",
        "GET",
        "/v1/event/{event_id}/sessions/{session_id}",
        Session,
        scope="read:sessions",
        limit="entity-reads",
    )

    _WRITES: RecordWrites[Session] = record_writes(
        "session",
        Session,
        BulkValues(SessionCreate, SessionUpdate, SessionLike),
        create="create-session",
        update="update-session",
        delete="delete-session",
        restore="restore-session",
        bulk="bulk-sessions",
    )
    _UPDATE_FIELDS: Endpoint[Session] = Endpoint(
        "update-session-fields",
        "PUT",
        "/v1/event/{event_id}/sessions/{session_id}/fields",
        Session,
        scope="write:sessions",
        limit="session-writes",
    )

    def search(  # pyright: ignore[reportIncompatibleMethodOverride]  # it takes one keyword more
        self, event_id: EventLike, *, is_abstract: bool | None = None, **search: Unpack[RecordSearch]
    ) -> Pager[Session]:
        """Search the sessions of an event; use this to read many of them.

        Without filters, sessions of every status are returned, program sessions and abstracts alike. Sessions
        that were merged into another one are returned only with ``expand=["linked_sources"]``. Answers may be
        up to three minutes old.

        Args:
            event_id: The event, or its id.
            is_abstract: ``True`` for abstracts only, ``False`` for program sessions only; ``None`` for both.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A pager of sessions. Scope ``read:sessions``; not rate limited.

        Raises:
            ValueError: If a value is not one that the API knows or is out of bounds, a time has no offset, or
                an id is empty.
            TypeError: If an id is ``None``, a keyword is unknown, or a value has the wrong type.
        """
        return self._search(self._SEARCH, event_path(event_id), search, {"isAbstract": is_abstract})

    def list(
        self,
        event_id: EventLike,
        *,
        status: str | None = None,
        is_abstract: bool | None = None,
        track_id: Track | Id | None = None,
        tag_id: Tag | Id | None = None,
        search: str | None = None,
        expand: Sequence[Expansion] = (),
        **options: Unpack[PagerOptions],
    ) -> Pager[Session]:
        """List the sessions of an event, filtered by track, tag or words; ``search`` has no such filters.

        Scope ``read:sessions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            status: Only sessions with this status, such as ``accepted``.
            is_abstract: ``True`` for abstracts only, ``False`` for program sessions only; ``None`` for both.
            track_id: Only sessions of this track: the track, or its id.
            tag_id: Only sessions with this tag: the tag, or its id.
            search: Only sessions that contain these words.
            expand: Expansions to include.
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A pager of sessions.

        Raises:
            ValueError: If an expansion is not one that the API knows, an option is out of bounds, or an
                id is empty.
            TypeError: If ``expand`` is a string, the event's id is ``None``, or a keyword is unknown.
        """
        query = {
            "status": status,
            "is_abstract": is_abstract,
            "track_id": filter_id("track_id", track_id, Track),
            "tag_id": filter_id("tag_id", tag_id, Tag),
            "search": search,
            "expand": expansions(expand),
        }
        return self._pages(self._LIST, event_path(event_id), query, **options)

    def search_statuses(self, event_id: EventLike, **search: Unpack[StatusSearch]) -> Pager[SessionStatus]:
        """Search the statuses of sessions, including deleted ones.

        Only ``search_statuses(deleted_after=…)`` reports deletions, and only of sessions. A subsession is
        returned twice: inside its parent, and as a row of its own.

        Scope ``read:sessions``; not rate limited.

        Args:
            event_id: The event, or its id.
            **search: Filters, sort, expansions and paging, as in ``StatusSearch``.

        Returns:
            A pager of session statuses.

        Raises:
            ValueError: If a value is not one that the API knows or is out of bounds, a time has no offset, or
                an id is empty.
            TypeError: If an id is ``None``, a keyword is unknown, or a value has the wrong type.
        """
        return self._search(self._SEARCH_STATUSES, event_path(event_id), search, kind=STATUS_SEARCH)

    async def create(
        self,
        event_id: EventLike,
        *,
        extra: Extra | None = None,
        allow_masked: bool = False,
        **values: Unpack[SessionCreate],
    ) -> Session:
        """Create a session.

        With ``parent_session_id`` it becomes a subsession, with ``is_abstract=True`` an abstract. Neither can
        be changed later by this API.

        Scope ``write:sessions``; rate-limit category ``session-writes``, and the daily quota; not retried
        when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            allow_masked: Whether to write values that look like the API's masks, such as ``j***@a***.com``.
            **values: The values, as in ``SessionCreate``.

        Returns:
            The created record.

        Raises:
            BadRequestError: If the API refuses a value.
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If a time has no offset, a value is masked, or an id is empty.
        """
        return await self._create(event_id, values, extra, allow_masked=allow_masked)

    async def update(
        self,
        event_id: EventLike,
        record: SessionLike,
        *,
        extra: Extra | None = None,
        allow_masked: bool = False,
        **values: Unpack[SessionUpdate],
    ) -> Session:
        """Update a session. Only the fields you pass are sent.

        Level, format, language, people and files cannot be updated. ``create`` sets the first three,
        and ``sb.files`` writes files. People are added and removed on the session's page in Sessionboard, its
        ``admin_url``; ``sb.contacts`` updates what is known about them. A session that was merged into
        another one cannot be updated at all.

        Scope ``write:sessions``; rate-limit category ``session-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            record: The record as it was read, whose ``updated_at`` is sent back; or its id.
            extra: More properties, under the API's names.
            allow_masked: Whether to write values that look like the API's masks, such as ``j***@a***.com``.
            **values: The values to change, as in ``SessionUpdate``; ``None`` clears a value.

        Returns:
            The updated record. A search may return an older copy for three minutes.

        Raises:
            ConflictError: If the record was changed after this ``updated_at``.
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, a value is masked, or an id is empty.
        """
        return await self._update(event_id, record, values, extra, allow_masked=allow_masked)

    async def update_fields(
        self,
        event_id: EventLike,
        record: SessionLike,
        custom_fields: CustomFields,
        *,
        allow_masked: bool = False,
    ) -> Session:
        """Update custom fields of a session. Only the fields you pass are sent.

        Of a session, only the id is sent: values that were changed since it was read are overwritten. Only
        ``update`` is guarded by ``updated_at``, and takes ``custom_fields`` too.

        Scope ``write:sessions``; rate-limit category ``session-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            record: The session, or its id.
            custom_fields: Values by internal name, or the ``custom_fields`` of a record.
            allow_masked: Whether to write values that look like the API's masks, such as ``j***@a***.com``.

        Returns:
            The updated session.

        Raises:
            NotFoundError: If the session does not exist.
            TypeError: If ``custom_fields`` has another type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        body = payload(SessionFields, {"custom_fields": custom_fields}, allow_masked=allow_masked)
        return await self._record(self._UPDATE_FIELDS, self._path(event_id, record), body=body)
