"""Saved SbQL queries of an event, or of the whole organization."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from sessionboard_async.core.endpoint import list_of, page_of, rows
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import SavedQuery
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.insights import InsightsFilters, RunOptions
from sessionboard_async.services._common.payloads import Extra, RequiredName, Writable, validate
from sessionboard_async.services._common.reporting import ReportService, report_read, report_write
from sessionboard_async.services._common.scopes import InBothScopes, in_both_scopes


class QueryUpdate(TypedDict, total=False):
    """Values that update a saved query.

    Attributes:
        name: The name.
        query: The SbQL query.
        category: A word to find it by.
    """

    name: Writable[str]
    query: Writable[str]
    category: Writable[str]


class _QueryText(RequiredName):
    query: str


class QueryCreate(_QueryText, total=False):
    """Values that save a query; ``name`` and ``query`` are required.

    Attributes:
        name: The name.
        query: The SbQL query.
        category: A word to find it by.
    """

    category: Writable[str]


class Queries(ReportService[SavedQuery]):
    """Saved SbQL queries of an event, or of the whole organization; ``insights.execute`` runs others."""

    _ID_ARGUMENT: str = "query_id"
    _LIST: InBothScopes[SavedQuery] = report_read(
        "list-event-queries",
        "list-org-queries-convenience",
        "/queries",
        list_of(SavedQuery),
        of_organization=page_of(SavedQuery, size_parameter="limit"),
    )
    _CREATE: InBothScopes[SavedQuery] = report_write(
        "create-event-query", "create-org-query-convenience", "POST", "/queries/create", SavedQuery
    )
    _UPDATE: InBothScopes[SavedQuery] = report_write(
        "update-event-query", "update-org-query-convenience", "PUT", "/queries/{query_id}", SavedQuery
    )
    _DELETE: InBothScopes[None] = report_write(
        "delete-event-query", "delete-org-query-convenience", "DELETE", "/queries/{query_id}", None
    )
    _RUN: InBothScopes[dict[str, Any]] = in_both_scopes(
        "run-event-query",
        "run-org-query-convenience",
        "POST",
        "/queries/{query_id}/run",
        rows(),
        scope="write:events",
        limit="event-writes",
        idempotent=True,
    )

    def list(
        self,
        *,
        event_id: EventLike | None = None,
        category: str | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[SavedQuery]:
        """List saved queries.

        Scope ``read:insights``; no rate limit is documented.

        Args:
            event_id: The event, or its id; ``None`` for the organization and all its events.
            category: Only queries of this category; only without ``event_id``.
            **options: Paging, as in ``PagerOptions``; an event's queries come all at once.

        Returns:
            A pager of queries.

        Raises:
            ValueError: If both an event and a category are given, the event's id is empty, or an option is
                out of bounds.
            TypeError: If the category is not a string.
        """
        if event_id is not None and category is not None:
            raise ValueError("the API filters by category only without event_id: insights.queries takes both")
        filters = validate(InsightsFilters, {"category": category})
        return self._pages(*self._LIST.at(event_id), filters, **options)

    async def create(
        self, *, event_id: EventLike | None = None, extra: Extra | None = None, **values: Unpack[QueryCreate]
    ) -> SavedQuery:
        """Create a saved query.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id; ``None`` for the whole organization.
            extra: More properties, under the API's names.
            **values: The values, as in ``QueryCreate``.

        Returns:
            The created record, as far as the API sends it; its document does not describe this answer.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._write(*self._CREATE.at(event_id), QueryCreate, values, extra)

    async def update(
        self,
        id: SavedQuery | Id,  # noqa: A002  # the API's own word
        *,
        event_id: EventLike | None = None,
        extra: Extra | None = None,
        **values: Unpack[QueryUpdate],
    ) -> SavedQuery:
        """Update a saved query. Only the fields you pass are sent.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            id: The saved query, or its id.
            event_id: The event, or its id; ``None`` for the whole organization.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``QueryUpdate``; ``None`` clears a value.

        Returns:
            The updated record, as far as the API sends it; its document does not describe this answer.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._write(*self._one(self._UPDATE, id, event_id), QueryUpdate, values, extra)

    def run(
        self,
        id: SavedQuery | Id,  # noqa: A002  # the API's own word
        *,
        event_id: EventLike | None = None,
        obfuscate_pii: bool | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[dict[str, Any]]:
        """Run a saved query, for rows or for a file.

        Scope ``write:events``, since the API counts it as a write (limit category ``event-writes``), though
        it changes nothing; with ``read:insights`` alone use ``insights.run_query``. Retried like a read.

        Args:
            id: The saved query, or its id.
            event_id: The event, or its id; ``None`` for the whole organization.
            obfuscate_pii: Whether personal data is masked; the API masks it unless this is ``False``.
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A pager of rows, as plain objects, without removal of equal rows.

        Raises:
            ValueError: If an id is empty, or an option is out of bounds.
            TypeError: If the id is ``None``, or ``obfuscate_pii`` is not a boolean.
        """
        validate(RunOptions, {"obfuscate_pii": obfuscate_pii})
        body = {} if obfuscate_pii is None else {"obfuscatePii": obfuscate_pii}
        return self._pages(*self._one(self._RUN, id, event_id), body=body, **options)
