"""Insights: questions to the data in SbQL or in plain words, for an event or the whole organization."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar, Unpack, cast, overload

from sessionboard_async.core.endpoint import Endpoint, Pages, list_of, page_of, rows
from sessionboard_async.core.http.request import build_request, quote_path_argument
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import Dashboard, GeneratedQuery, SavedQuery, Suggestion, Suggestions
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.payloads import validate
from sessionboard_async.services._common.scopes import InBothScopes, Path, in_both_scopes
from sessionboard_async.services._common.service import Service
from sessionboard_async.services.insights_options import (
    ExecuteFile,
    ExecuteRows,
    FileFormat,
    Filters,
    Prompt,
    Query,
    RunFile,
    RunRows,
    Turn,
)

T = TypeVar("T")


_WIRE_NAMES = {
    "event_ids": "eventIds",
    "obfuscate_pii": "obfuscatePii",
    "sort_by": "sortBy",
    "sort_direction": "sortDirection",
    "group_by": "groupBy",
    "conversation_history": "conversationHistory",
}


class _Chosen(NamedTuple):
    """Which form of an operation is called, and with what."""

    endpoint: Endpoint[Any]
    path: Path
    values: dict[str, Any]


def _choose(
    operation: InBothScopes[Any],
    event_id: EventId | None,
    *,
    everywhere: Mapping[str, Any],
    wide: Mapping[str, Any],
) -> _Chosen:
    """Choose the event's own form, unless something is asked for that only the organization's can do.

    Args:
        operation: The operation.
        event_id: The event; ``None`` for the organization.
        everywhere: What both forms take.
        wide: What only the organization's form takes.
    """
    event_ids = wide.get("event_ids")
    if event_id is not None and event_ids is not None:
        raise ValueError("pass event_id or event_ids, not both")
    if event_ids is not None and not event_ids:
        # The API might well take no events for all events.
        raise ValueError("event_ids must name at least one event; leave it out for all")
    if event_ids is not None:
        wide = {**wide, "event_ids": [_in_body("an id in event_ids", id_) for id_ in event_ids]}
    given = {name: value for name, value in {**everywhere, **wide}.items() if value is not None}
    values = {_WIRE_NAMES.get(name, name): value for name, value in given.items()}
    if event_id is not None and given.keys() & wide.keys():
        return _Chosen(operation.organization, {}, {"eventId": _in_body("event_id", event_id), **values})
    return _Chosen(*operation.at(event_id), values)


def _in_body(name: str, event_id: EventId) -> EventId:
    """Return an event's id as the number that the API's document wants in bodies, where it is one."""
    # Here it stands in no path, but an empty one would be as wrong: it could mean every event.
    quote_path_argument(name, event_id)
    is_number = isinstance(event_id, str) and event_id.isascii() and event_id.isdecimal()
    return int(event_id) if is_number else event_id


def _page_of_file(page: int | None, limit: int | None) -> dict[str, int | None]:
    values = {"page": page, "limit": limit}
    for name, value in values.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    return values


def _insights(
    event: str,
    organization: str,
    method: Literal["GET", "POST"],
    path: str,
    answer: type[T] | Pages[T],
    *,
    of_organization: Pages[T] | None = None,
) -> InBothScopes[T]:
    return in_both_scopes(
        event,
        organization,
        method,
        f"/insights{path}",
        answer,
        of_organization=of_organization,
        scope="read:insights",
        limit="insights",
        idempotent=True,
    )


class Insights(Service):
    """Questions to the data of an event, or of the whole organization.

    The API answers 403 unless insights are enabled for the organization and the token. With ``event_id`` the
    event's own operation is called; where something is asked for that only the organization's operation can
    do, that one is called with the event as a filter. The API's document gives the organization's operations
    to API tokens only: with an access token of OAuth, name an event and ask for what its own can do.
    """

    EXECUTE: InBothScopes[dict[str, Any]] = _insights(
        "execute-event-query", "execute-query", "POST", "/execute", rows()
    )
    GENERATE: InBothScopes[GeneratedQuery] = _insights(
        "generate-event-query", "generate-query", "POST", "/ai/generate", GeneratedQuery
    )
    SCHEMA: InBothScopes[dict[str, Any]] = _insights(
        "get-event-insights-schema", "get-schema", "GET", "/schema", dict[str, Any]
    )
    EVENT_SCHEMA: Endpoint[dict[str, Any]] = Endpoint(
        "get-event-schema",
        "GET",
        "/v1/insights/events/{event_id}/schema",
        dict[str, Any],
        scope="read:insights",
        limit="insights",
    )
    SUGGESTIONS: InBothScopes[Suggestions] = _insights(
        "get-event-suggestions", "get-suggestions", "GET", "/suggestions", Suggestions
    )
    QUERIES: InBothScopes[SavedQuery] = _insights(
        "list-event-insights-queries",
        "list-queries",
        "GET",
        "/queries",
        list_of(SavedQuery),
        of_organization=page_of(SavedQuery, size_parameter="limit"),
    )
    RUN_QUERY: InBothScopes[dict[str, Any]] = _insights(
        "run-event-insights-query", "run-query", "POST", "/queries/{query_id}/run", rows()
    )
    DASHBOARD: InBothScopes[Dashboard] = _insights(
        "get-event-insights-dashboard", "get-dashboard", "GET", "/dashboards/{id}", Dashboard
    )

    @overload
    def execute(
        self, query: str, *, format: None = None, **options: Unpack[ExecuteRows]
    ) -> Pager[dict[str, Any]]: ...

    @overload
    def execute(
        self, query: str, *, format: str, **options: Unpack[ExecuteFile]
    ) -> Coroutine[Any, Any, bytes]: ...

    def execute(
        self,
        query: str,
        *,
        format: str | None = None,  # noqa: A002  # the API's own word
        **options: Any,
    ) -> Pager[dict[str, Any]] | Coroutine[Any, Any, bytes]:
        """Execute an SbQL query.

        Scope ``read:insights``; limit category ``insights``; sent again like any read.

        Args:
            query: The query, such as ``SELECT session.title FROM sessions``.
            format: A file format in place of rows, such as ``"csv"``; which there are is not documented.
            **options: For which events and how, as in ``ExecuteOptions``; and paging, as in ``PagerOptions``
                for rows, or ``page`` and ``limit`` for a file. Of one event, all but ``event_id``,
                ``obfuscate_pii`` and paging take the organization's operation.

        Returns:
            A stream of rows, as plain objects, of which equal ones are all delivered; with ``format`` an
            awaitable of the bytes of one file, whatever they are.

        Raises:
            BadRequestError: If the query is wrong.
            ValueError: If ``event_id`` and ``event_ids`` are both given, an id is empty, or a value is
                out of bounds.
            TypeError: If a keyword is unknown, or a value is of the wrong type.
        """
        kind = ExecuteRows if format is None else ExecuteFile
        return self._run(self.EXECUTE, {}, kind, validate(Query, {"query": query}), format, options)

    @overload
    def run_query(
        self, query_id: str | None, *, format: None = None, **options: Unpack[RunRows]
    ) -> Pager[dict[str, Any]]: ...

    @overload
    def run_query(
        self, query_id: str | None, *, format: str, **options: Unpack[RunFile]
    ) -> Coroutine[Any, Any, bytes]: ...

    def run_query(
        self,
        query_id: str | None,
        *,
        format: str | None = None,  # noqa: A002  # the API's own word
        **options: Any,
    ) -> Pager[dict[str, Any]] | Coroutine[Any, Any, bytes]:
        """Run a saved query.

        Scope ``read:insights``; limit category ``insights``; sent again like any read.

        Args:
            query_id: The query.
            format: A file format in place of rows, such as ``"csv"``; which there are is not documented.
            **options: For which events and how, as in ``RunOptions``; and paging, as in ``PagerOptions`` for
                rows, or ``page`` and ``limit`` for a file.

        Returns:
            A stream of rows, as plain objects, of which equal ones are all delivered; with ``format`` an
            awaitable of the bytes of one file, whatever they are.

        Raises:
            NotFoundError: If there is no such query.
            ValueError: If ``event_id`` and ``event_ids`` are both given, an id is empty, or a value is
                out of bounds.
            TypeError: If a keyword is unknown, a value is of the wrong type, or the id is ``None``.
        """
        kind = RunRows if format is None else RunFile
        return self._run(self.RUN_QUERY, {"query_id": query_id}, kind, {}, format, options)

    def _run(
        self,
        operation: InBothScopes[Any],
        path: Path,
        kind: type[Any],
        both: Mapping[str, Any],
        format_: str | None,
        options: Mapping[str, Any],
    ) -> Pager[dict[str, Any]] | Coroutine[Any, Any, bytes]:
        given = validate(kind, options)
        everywhere = {**both, "obfuscate_pii": given.pop("obfuscate_pii", None)}
        event_id = given.pop("event_id", None)
        paging = {name: given.pop(name) for name in given.keys() & PagerOptions.__optional_keys__}
        if format_ is not None:
            validate(FileFormat, {"format": format_})
            everywhere |= _page_of_file(given.pop("page", None), paging.pop("limit", None))
        endpoint, scope, values = _choose(
            operation, event_id, everywhere=everywhere, wide={**given, "format": format_}
        )
        if format_ is None:
            return self._pages(endpoint, {**scope, **path}, body=values, **cast("PagerOptions", paging))
        return self._file(endpoint, {**scope, **path}, values)

    async def _file(self, endpoint: Endpoint[Any], path: Path, body: dict[str, Any]) -> bytes:
        return (await self._engine.call(build_request(endpoint, path, body=body))).body

    async def generate(
        self,
        prompt: str,
        *,
        event_id: EventId | None = None,
        event_ids: Sequence[EventId] | None = None,
        conversation_history: Sequence[Turn] | None = None,
    ) -> GeneratedQuery:
        """Have a question in plain words made into an SbQL query, which is not executed.

        Scope ``read:insights``; limit category ``insights``; sent again like any read.

        Args:
            prompt: The question.
            event_id: The event; ``None`` for the whole organization.
            event_ids: Several events of the organization, in place of one.
            conversation_history: What was said before; takes the organization's operation.

        Returns:
            The query, and what it means.

        Raises:
            ValueError: If ``event_id`` and ``event_ids`` are both given, or an id is empty.
            TypeError: If a value is of the wrong type.
        """
        wide = {"event_ids": event_ids, "conversation_history": conversation_history}
        validate(Prompt, {"prompt": prompt, **wide})
        endpoint, path, body = _choose(self.GENERATE, event_id, everywhere={"prompt": prompt}, wide=wide)
        generated: GeneratedQuery = await self._record(endpoint, path, body=body)
        return generated

    async def schema(self, *, event_id: EventId | None = None) -> dict[str, Any]:
        """Get the entities and fields that queries may name.

        Scope ``read:insights``; limit category ``insights``.

        Args:
            event_id: The event, with its custom fields; ``None`` for the whole organization.

        Returns:
            The schema, in a form that is not documented.

        Raises:
            ValueError: If the event's id is empty.
            TypeError: If the event's id is of the wrong type.
        """
        schema: dict[str, Any] = await self._record(*self.SCHEMA.at(event_id))
        return schema

    async def event_schema(self, event_id: EventId | None) -> dict[str, Any]:
        """Get the schema of an event from the organization's side: the same, with the roles of participants.

        Scope ``read:insights``; limit category ``insights``.

        Args:
            event_id: The event.

        Returns:
            The schema, in a form that is not documented.

        Raises:
            NotFoundError: If there is no such event.
            ValueError: If the event's id is empty.
            TypeError: If the event's id is ``None``.
        """
        return await self._record(self.EVENT_SCHEMA, {"event_id": event_id})

    async def suggestions(
        self, *, event_id: EventId | None = None, category: str | None = None
    ) -> tuple[Suggestion, ...]:
        """Get queries that may be of use.

        Scope ``read:insights``; limit category ``insights``.

        Args:
            event_id: The event; ``None`` for the whole organization.
            category: Only those of this category; takes the organization's operation.

        Returns:
            The suggestions.

        Raises:
            ValueError: If the event's id is empty.
            TypeError: If the category is no string.
        """
        filters = validate(Filters, {"category": category})
        chosen = _choose(self.SUGGESTIONS, event_id, everywhere={}, wide=filters)
        answer: Suggestions = await self._record(*chosen)
        return answer.suggestions or ()

    def queries(
        self,
        *,
        event_id: EventId | None = None,
        category: str | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[SavedQuery]:
        """List saved queries, with the scope of insights alone.

        Scope ``read:insights``; limit category ``insights``.

        Args:
            event_id: The event; ``None`` for the whole organization.
            category: Only those of this category; takes the organization's operation.
            **options: Paging, as in ``PagerOptions``. Of an event all come at once.

        Returns:
            A stream of queries.

        Raises:
            ValueError: If the event's id is empty, or an option is out of bounds.
            TypeError: If the category is no string.
        """
        filters = validate(Filters, {"category": category})
        chosen = _choose(self.QUERIES, event_id, everywhere={}, wide=filters)
        return self._pages(*chosen, **options)

    async def dashboard(self, dashboard_id: str | None, *, event_id: EventId | None = None) -> Dashboard:
        """Get a dashboard with its widgets and what they show, with the scope of insights alone.

        Scope ``read:insights``; limit category ``insights``.

        Args:
            dashboard_id: Its id.
            event_id: The event; ``None`` for the whole organization.

        Returns:
            The dashboard. What its widgets show is in their ``as_sent``.

        Raises:
            NotFoundError: If there is no such dashboard.
            ValueError: If an id is empty.
            TypeError: If the id is ``None``.
        """
        endpoint, path = self.DASHBOARD.at(event_id)
        dashboard: Dashboard = await self._record(endpoint, {**path, "id": dashboard_id})
        return dashboard
