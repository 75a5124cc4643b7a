"""Options of insights, and the choice between an event's and the organization's form of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypedDict, TypeVar

from sessionboard_async.core.endpoint import Endpoint, Pages
from sessionboard_async.core.pagination.pager import PagerOptions
from sessionboard_async.models.base import EventId
from sessionboard_async.models.events import Event
from sessionboard_async.services._common.ids.arguments import Path, id_of, validate_id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.scopes import InBothScopes, in_both_scopes

T = TypeVar("T")


class RunOptions(TypedDict, total=False):
    """Options of ``insights.run_query``, without paging.

    Attributes:
        event_id: The event, or its id; ``None`` for the whole organization.
        event_ids: Several events of the organization, instead of one.
        obfuscate_pii: Whether personal data is masked; the API masks it unless this is ``False``.
    """

    event_id: EventLike | None
    event_ids: Sequence[EventLike] | None
    obfuscate_pii: bool | None


class ExecuteOptions(RunOptions, total=False):
    """Options of ``insights.execute``, without paging.

    Attributes:
        event_id: The event, or its id; ``None`` for the whole organization.
        event_ids: Several events of the organization, instead of one.
        obfuscate_pii: Whether personal data is masked; the API masks it unless this is ``False``.
        search: Only rows that contain these words.
        sort_by: The column to sort by.
        sort_direction: ``"asc"`` or ``"desc"``.
        group_by: The column to group by.
        pivot: The column to pivot on.
    """

    search: str | None
    sort_by: str | None
    sort_direction: Literal["asc", "desc"] | None
    group_by: str | None
    pivot: str | None


class FilePage(TypedDict, total=False):
    """The page of a file, and its size."""

    page: int | None
    limit: int | None


class RunRows(RunOptions, PagerOptions, total=False):
    """Keywords of ``insights.run_query``.

    Attributes:
        event_id: The event, or its id; ``None`` for the whole organization.
        event_ids: Several events of the organization, instead of one.
        obfuscate_pii: Whether personal data is masked; the API masks it unless this is ``False``.
        page_size: Records per page, 1 to 100.
        limit: The most records to deliver; ``None`` for all.
        prefetch: How many pages to fetch ahead, concurrently; ``None`` for as many as hide the latency,
            ``"eager"`` for streams that are read to the end. ``PagerOptions`` describes this and the
            following in full.
        on_invalid: ``"raise"`` ends the stream at a record that cannot be decoded; ``"skip"`` leaves it out.
        consistency: ``"pages"`` or ``None``: rows are read page by page, since they have no time of creation.
        resume: Where to resume: a checkpoint of the same query.
    """


class RunFile(RunOptions, FilePage, total=False):
    """Keywords of ``insights.run_query_file``.

    Attributes:
        event_id: The event, or its id; ``None`` for the whole organization.
        event_ids: Several events of the organization, instead of one.
        obfuscate_pii: Whether personal data is masked; the API masks it unless this is ``False``.
        page: The page of the rows, from 1.
        limit: The number of rows.
    """


class ExecuteRows(ExecuteOptions, PagerOptions, total=False):
    """Keywords of ``insights.execute``.

    Attributes:
        event_id: The event, or its id; ``None`` for the whole organization.
        event_ids: Several events of the organization, instead of one.
        obfuscate_pii: Whether personal data is masked; the API masks it unless this is ``False``.
        search: Only rows that contain these words.
        sort_by: The column to sort by.
        sort_direction: ``"asc"`` or ``"desc"``.
        group_by: The column to group by.
        pivot: The column to pivot on.
        page_size: Records per page, 1 to 100.
        limit: The most records to deliver; ``None`` for all.
        prefetch: How many pages to fetch ahead, concurrently; ``None`` for as many as hide the latency,
            ``"eager"`` for streams that are read to the end. ``PagerOptions`` describes this and the
            following in full.
        on_invalid: ``"raise"`` ends the stream at a record that cannot be decoded; ``"skip"`` leaves it out.
        consistency: ``"pages"`` or ``None``: rows are read page by page, since they have no time of creation.
        resume: Where to resume: a checkpoint of the same query.
    """


class ExecuteFile(ExecuteOptions, FilePage, total=False):
    """Keywords of ``insights.execute_file``.

    Attributes:
        event_id: The event, or its id; ``None`` for the whole organization.
        event_ids: Several events of the organization, instead of one.
        obfuscate_pii: Whether personal data is masked; the API masks it unless this is ``False``.
        search: Only rows that contain these words.
        sort_by: The column to sort by.
        sort_direction: ``"asc"`` or ``"desc"``.
        group_by: The column to group by.
        pivot: The column to pivot on.
        page: The page of the rows, from 1.
        limit: The number of rows.
    """


class FileFormat(TypedDict):
    """The format of a file."""

    format: str


class SbQLQuery(TypedDict):
    """A query to execute."""

    query: str


class SbQLFile(SbQLQuery, FileFormat):
    """A query to execute, for a file."""


class Turn(TypedDict):
    """One turn of a conversation.

    Attributes:
        role: The speaker.
        content: The text.
    """

    role: str
    content: str


class Prompt(TypedDict):
    """A question in plain words."""

    prompt: str
    event_ids: Sequence[EventLike] | None
    conversation_history: Sequence[Turn] | None


class InsightsFilters(TypedDict):
    """Filters of a list of queries.

    Attributes:
        category: Only queries of this category.
    """

    category: str | None


def insights_operation(
    event: str,
    organization: str,
    method: Literal["GET", "POST"],
    path: str,
    answer: type[T] | Pages[T],
    *,
    of_organization: Pages[T] | None = None,
) -> InBothScopes[T]:
    """Declare an operation of insights in its two forms, by what follows ``/insights`` in both paths."""
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


_WIRE_NAMES = {
    "event_ids": "eventIds",
    "obfuscate_pii": "obfuscatePii",
    "sort_by": "sortBy",
    "sort_direction": "sortDirection",
    "group_by": "groupBy",
    "conversation_history": "conversationHistory",
}


class ChosenForm(NamedTuple):
    """The form of an operation to call, its path arguments, and the values to send."""

    endpoint: Endpoint[Any]
    path: Path
    values: dict[str, Any]


def choose_form(
    operation: InBothScopes[Any],
    event_id: EventLike | None,
    *,
    everywhere: Mapping[str, Any],
    wide: Mapping[str, Any],
) -> ChosenForm:
    """Choose the event's form of an operation, unless a value needs the organization's form.

    Args:
        operation: The operation.
        event_id: The event, or its id; ``None`` for the organization.
        everywhere: Values that both forms take.
        wide: Values that only the organization's form takes.

    Raises:
        ValueError: If both ``event_id`` and ``event_ids`` are given, ``event_ids`` is empty, or an id is.
        TypeError: If an id is ``None``.
    """
    event_ids = wide.get("event_ids")
    if event_id is not None and event_ids is not None:
        raise ValueError("pass event_id or event_ids, not both")
    if event_ids is not None and not event_ids:
        # The API might treat an empty list as all events.
        raise ValueError("event_ids must name at least one event; leave it out for all")
    if event_ids is not None:
        wide = {**wide, "event_ids": [_in_body("an id in event_ids", id_) for id_ in event_ids]}
    given = {name: value for name, value in {**everywhere, **wide}.items() if value is not None}
    values = {_WIRE_NAMES.get(name, name): value for name, value in given.items()}
    if event_id is not None and given.keys() & wide.keys():
        return ChosenForm(operation.organization, {}, {"eventId": _in_body("event_id", event_id), **values})
    return ChosenForm(*operation.at(event_id), values)


def _in_body(name: str, event: EventLike) -> EventId:
    """Return an event's id as a body has it: a number where possible, as in the API's document."""
    event_id = id_of(name, event, Event)
    # An empty id could mean every event.
    validate_id(name, event_id)
    is_number = isinstance(event_id, str) and event_id.isascii() and event_id.isdecimal()
    return int(event_id) if is_number else event_id


def file_page(page: int | None, limit: int | None) -> dict[str, int | None]:
    """Return the page and the number of rows of a file.

    Raises:
        ValueError: If one is less than 1.
    """
    values = {"page": page, "limit": limit}
    for name, value in values.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    return values
