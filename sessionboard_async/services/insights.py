"""Insights: SbQL queries and questions in plain words, for an event or the whole organization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Unpack, cast

from sessionboard_async.core.endpoint import Endpoint, list_of, page_of, rows
from sessionboard_async.core.http.transfers.sink import Target
from sessionboard_async.core.http.transfers.transfer import Download
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import Dashboard, GeneratedQuery, SavedQuery, Suggestion, Suggestions
from sessionboard_async.services._common.ids.arguments import Id, Path, id_of, validate_path
from sessionboard_async.services._common.ids.events import EventLike, event_path
from sessionboard_async.services._common.insights import (
    ExecuteFile,
    ExecuteRows,
    FileFormat,
    InsightsFilters,
    Prompt,
    RunFile,
    RunRows,
    SbQLFile,
    SbQLQuery,
    Turn,
    choose_form,
    file_page,
    insights_operation,
)
from sessionboard_async.services._common.payloads import validate
from sessionboard_async.services._common.scopes import InBothScopes
from sessionboard_async.services._common.service import Service

T = TypeVar("T")


class Insights(Service):
    """Queries of the data of an event, or of the whole organization.

    The API answers 403 unless insights are enabled for the organization and the token. With ``event_id``, the
    event's operation is called; if an argument needs the organization's operation, that one is called with
    the event as a filter. According to the API's document, the organization's operations accept API tokens
    only: with an OAuth access token, pass ``event_id`` and no such argument.
    """

    _EXECUTE: InBothScopes[dict[str, Any]] = insights_operation(
        "execute-event-query", "execute-query", "POST", "/execute", rows()
    )
    _GENERATE: InBothScopes[GeneratedQuery] = insights_operation(
        "generate-event-query", "generate-query", "POST", "/ai/generate", GeneratedQuery
    )
    _SCHEMA: InBothScopes[dict[str, Any]] = insights_operation(
        "get-event-insights-schema", "get-schema", "GET", "/schema", dict[str, Any]
    )
    _EVENT_SCHEMA: Endpoint[dict[str, Any]] = Endpoint(
        "get-event-schema",
        "GET",
        "/v1/insights/events/{event_id}/schema",
        dict[str, Any],
        scope="read:insights",
        limit="insights",
    )
    _SUGGESTIONS: InBothScopes[Suggestions] = insights_operation(
        "get-event-suggestions", "get-suggestions", "GET", "/suggestions", Suggestions
    )
    _QUERIES: InBothScopes[SavedQuery] = insights_operation(
        "list-event-insights-queries",
        "list-queries",
        "GET",
        "/queries",
        list_of(SavedQuery),
        of_organization=page_of(SavedQuery, size_parameter="limit"),
    )
    _RUN_QUERY: InBothScopes[dict[str, Any]] = insights_operation(
        "run-event-insights-query", "run-query", "POST", "/queries/{query_id}/run", rows()
    )
    _DASHBOARD: InBothScopes[Dashboard] = insights_operation(
        "get-event-insights-dashboard", "get-dashboard", "GET", "/dashboards/{id}", Dashboard
    )

    def execute(self, query: str, **options: Unpack[ExecuteRows]) -> Pager[dict[str, Any]]:
        """Execute an SbQL query.

        Scope ``read:insights``; rate-limit category ``insights``; retried like any read.

        Args:
            query: The query, such as ``SELECT session.title FROM sessions``.
            **options: Events and options, as in ``ExecuteOptions``, and paging, as in ``PagerOptions``.
                Options other than ``event_id``, ``obfuscate_pii`` and paging use the organization's
                operation.

        Returns:
            A pager of rows, as plain objects, without removal of equal rows.

        Raises:
            BadRequestError: If the query is wrong.
            ValueError: If ``event_id`` and ``event_ids`` are both given, an id is empty, or a value is out of
                bounds.
            TypeError: If a keyword is unknown, or a value has the wrong type.
        """
        return self._rows(self._EXECUTE, {}, ExecuteRows, validate(SbQLQuery, {"query": query}), options)

    async def execute_file(
        self,
        query: str,
        to: Target,
        *,
        format: str = "csv",  # noqa: A002  # the API's own word
        **options: Unpack[ExecuteFile],
    ) -> Download:
        """Execute an SbQL query, and write its rows to a file in pieces as they arrive.

        Scope ``read:insights``; rate-limit category ``insights``; retried like any read, unless a writer has
        already received data. ``Timeout.attempt`` limits the time without progress, and ``Timeout.total``
        does not apply. It uses the organization's operation.

        Args:
            query: The query, such as ``SELECT session.title FROM sessions``.
            to: The path of a file, which appears (or is replaced) when the download is complete; or an object
                with a ``write`` method that takes bytes, sync or async. Only its owner may read a new file.
            format: The format of the file, such as ``"csv"``; the formats are not documented.
            **options: Events and options, as in ``ExecuteOptions``, and ``page`` and ``limit``.

        Returns:
            The size and the content type.

        Raises:
            BadRequestError: If the query is wrong.
            ValueError: If ``event_id`` and ``event_ids`` are both given, an id is empty, or a value is out of
                bounds.
            TypeError: If a keyword is unknown, a value has the wrong type, or ``to`` cannot be written to.
            OSError: If the file cannot be written.
        """
        both = validate(SbQLFile, {"query": query, "format": format})
        return await self._file(self._EXECUTE, {}, ExecuteFile, both, to, options)

    def run_query(self, query_id: SavedQuery | Id, **options: Unpack[RunRows]) -> Pager[dict[str, Any]]:
        """Run a saved query.

        Scope ``read:insights``; rate-limit category ``insights``; retried like any read.

        Args:
            query_id: The query, or its id.
            **options: Events and options, as in ``RunOptions``, and paging, as in ``PagerOptions``.

        Returns:
            A pager of rows, as plain objects, without removal of equal rows.

        Raises:
            NotFoundError: If the query does not exist.
            ValueError: If ``event_id`` and ``event_ids`` are both given, an id is empty, or a value is out of
                bounds.
            TypeError: If a keyword is unknown, a value has the wrong type, or the id is ``None``.
        """
        path: Path = {"query_id": id_of("query_id", query_id, SavedQuery)}
        return self._rows(self._RUN_QUERY, path, RunRows, {}, options)

    async def run_query_file(
        self,
        query_id: SavedQuery | Id,
        to: Target,
        *,
        format: str = "csv",  # noqa: A002  # the API's own word
        **options: Unpack[RunFile],
    ) -> Download:
        """Run a saved query, and write its rows to a file in pieces as they arrive.

        Scope ``read:insights``; rate-limit category ``insights``; retried like any read, unless a writer has
        already received data. ``Timeout.attempt`` limits the time without progress, and ``Timeout.total``
        does not apply. It uses the organization's operation.

        Args:
            query_id: The query, or its id.
            to: The target, as for ``execute_file``.
            format: The format of the file, such as ``"csv"``; the formats are not documented.
            **options: Events and options, as in ``RunOptions``, and ``page`` and ``limit``.

        Returns:
            The size and the content type.

        Raises:
            NotFoundError: If the query does not exist.
            ValueError: If ``event_id`` and ``event_ids`` are both given, an id is empty, or a value is out of
                bounds.
            TypeError: If a keyword is unknown, a value has the wrong type, the id is ``None``, or ``to``
                cannot be written to.
            OSError: If the file cannot be written.
        """
        path: Path = {"query_id": id_of("query_id", query_id, SavedQuery)}
        both = validate(FileFormat, {"format": format})
        return await self._file(self._RUN_QUERY, path, RunFile, both, to, options)

    def _rows(
        self,
        operation: InBothScopes[Any],
        path: Path,
        kind: type[Any],
        both: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> Pager[dict[str, Any]]:
        given = validate(kind, options)
        everywhere = {**both, "obfuscate_pii": given.pop("obfuscate_pii", None)}
        event_id = given.pop("event_id", None)
        paging = {name: given.pop(name) for name in given.keys() & PagerOptions.__optional_keys__}
        endpoint, scope, values = choose_form(operation, event_id, everywhere=everywhere, wide=given)
        return self._pages(endpoint, {**scope, **path}, body=values, **cast("PagerOptions", paging))

    async def _file(
        self,
        operation: InBothScopes[Any],
        path: Path,
        kind: type[Any],
        both: dict[str, Any],
        to: Target,
        options: Mapping[str, Any],
    ) -> Download:
        given = validate(kind, options)
        file_format = both.pop("format")
        everywhere = {**both, "obfuscate_pii": given.pop("obfuscate_pii", None)}
        everywhere |= file_page(given.pop("page", None), given.pop("limit", None))
        event_id = given.pop("event_id", None)
        wide = {**given, "format": file_format}
        endpoint, scope, values = choose_form(operation, event_id, everywhere=everywhere, wide=wide)
        return await self._download(endpoint, {**scope, **path}, to, body=values)

    async def generate(
        self,
        prompt: str,
        *,
        event_id: EventLike | None = None,
        event_ids: Sequence[EventLike] | None = None,
        conversation_history: Sequence[Turn] | None = None,
    ) -> GeneratedQuery:
        """Generate an SbQL query from a question in plain words, without executing it.

        Scope ``read:insights``; rate-limit category ``insights``; retried like any read.

        Args:
            prompt: The question.
            event_id: The event, or its id; ``None`` for the whole organization.
            event_ids: Several events of the organization, instead of one.
            conversation_history: The conversation so far; uses the organization's operation.

        Returns:
            The query, and its explanation.

        Raises:
            ValueError: If ``event_id`` and ``event_ids`` are both given, or an id is empty.
            TypeError: If a value has the wrong type.
        """
        wide = {"event_ids": event_ids, "conversation_history": conversation_history}
        validate(Prompt, {"prompt": prompt, **wide})
        endpoint, path, body = choose_form(self._GENERATE, event_id, everywhere={"prompt": prompt}, wide=wide)
        generated: GeneratedQuery = await self._record(endpoint, path, body=body)
        return generated

    async def schema(self, *, event_id: EventLike | None = None) -> dict[str, Any]:
        """Get the entities and fields that queries may name.

        Scope ``read:insights``; rate-limit category ``insights``.

        Args:
            event_id: The event, with its custom fields; ``None`` for the whole organization.

        Returns:
            The schema; its form is not documented.

        Raises:
            ValueError: If the event's id is empty.
            TypeError: If the event's id is of the wrong type.
        """
        schema: dict[str, Any] = await self._record(*self._SCHEMA.at(event_id))
        return schema

    async def event_schema(self, event_id: EventLike) -> dict[str, Any]:
        """Get the schema of an event from the organization's operation, which adds the roles of participants.

        Scope ``read:insights``; rate-limit category ``insights``.

        Args:
            event_id: The event, or its id.

        Returns:
            The schema; its form is not documented.

        Raises:
            NotFoundError: If the event does not exist.
            ValueError: If the event's id is empty.
            TypeError: If the event's id is ``None``.
        """
        return await self._record(self._EVENT_SCHEMA, event_path(event_id))

    async def suggestions(
        self, *, event_id: EventLike | None = None, category: str | None = None
    ) -> tuple[Suggestion, ...]:
        """Get suggested queries.

        Scope ``read:insights``; rate-limit category ``insights``.

        Args:
            event_id: The event, or its id; ``None`` for the whole organization.
            category: Only queries of this category; uses the organization's operation.

        Returns:
            The suggestions.

        Raises:
            ValueError: If the event's id is empty.
            TypeError: If the category is not a string.
        """
        filters = validate(InsightsFilters, {"category": category})
        chosen = choose_form(self._SUGGESTIONS, event_id, everywhere={}, wide=filters)
        answer: Suggestions = await self._record(*chosen)
        return answer.suggestions or ()

    def queries(
        self,
        *,
        event_id: EventLike | None = None,
        category: str | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[SavedQuery]:
        """List saved queries; needs only the scope ``read:insights``.

        Scope ``read:insights``; rate-limit category ``insights``.

        Args:
            event_id: The event, or its id; ``None`` for the whole organization.
            category: Only queries of this category; uses the organization's operation.
            **options: Paging, as in ``PagerOptions``; an event's queries come all at once.

        Returns:
            A pager of queries.

        Raises:
            ValueError: If the event's id is empty, or an option is out of bounds.
            TypeError: If the category is not a string.
        """
        filters = validate(InsightsFilters, {"category": category})
        chosen = choose_form(self._QUERIES, event_id, everywhere={}, wide=filters)
        return self._pages(*chosen, **options)

    async def dashboard(
        self, dashboard_id: Dashboard | Id, *, event_id: EventLike | None = None
    ) -> Dashboard:
        """Get a dashboard with its widgets and their data; needs only the scope ``read:insights``.

        Scope ``read:insights``; rate-limit category ``insights``.

        Args:
            dashboard_id: The dashboard, or its id.
            event_id: The event, or its id; ``None`` for the whole organization.

        Returns:
            The dashboard; the data of a widget is in its ``as_sent``.

        Raises:
            NotFoundError: If the dashboard does not exist.
            ValueError: If an id is empty.
            TypeError: If the id is ``None``.
        """
        endpoint, path = self._DASHBOARD.at(event_id)
        id_ = id_of("dashboard_id", dashboard_id, Dashboard)
        # The path calls it by another name than the argument.
        validate_path({"dashboard_id": id_})
        path["id"] = id_
        dashboard: Dashboard = await self._record(endpoint, path)
        return dashboard
