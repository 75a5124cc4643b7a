"""What questions to the insights take by keyword."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from sessionboard_async.core.pagination.pager import PagerOptions
from sessionboard_async.models.base import EventId


class RunOptions(TypedDict, total=False):
    """What running a saved query takes by keyword, beside paging.

    Attributes:
        event_id: The event; ``None`` for the whole organization.
        event_ids: Several events of the organization, in place of one.
        obfuscate_pii: Whether personal data is masked; the API does so unless this is false.
    """

    event_id: EventId | None
    event_ids: Sequence[EventId] | None
    obfuscate_pii: bool | None


class ExecuteOptions(RunOptions, total=False):
    """What executing a query takes by keyword, beside paging.

    Attributes:
        search: Only rows that hold these words.
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


class _PageOfFile(TypedDict, total=False):
    page: int | None
    limit: int | None


class RunRows(RunOptions, PagerOptions, total=False):
    """What running a saved query for rows takes by keyword."""


class RunFile(RunOptions, _PageOfFile, total=False):
    """What running a saved query for a file takes by keyword.

    Attributes:
        page: Which page of the rows.
        limit: How many rows.
    """


class ExecuteRows(ExecuteOptions, PagerOptions, total=False):
    """What executing a query for rows takes by keyword."""


class ExecuteFile(ExecuteOptions, _PageOfFile, total=False):
    """What executing a query for a file takes by keyword.

    Attributes:
        page: Which page of the rows.
        limit: How many rows.
    """


class FileFormat(TypedDict):
    """What makes a file of the rows.

    Attributes:
        format: A file format.
    """

    format: str


class Filters(TypedDict):
    """What narrows a list of queries.

    Attributes:
        category: Only those of this category.
    """

    category: str | None


class Query(TypedDict):
    """What is executed.

    Attributes:
        query: An SbQL query.
    """

    query: str


class Turn(TypedDict):
    """One turn of a conversation.

    Attributes:
        role: Who spoke.
        content: What was said.
    """

    role: str
    content: str


class Prompt(TypedDict):
    """What a query is made from.

    Attributes:
        prompt: A question in plain words.
        event_ids: Several events of the organization.
        conversation_history: What was said before.
    """

    prompt: str
    event_ids: Sequence[EventId] | None
    conversation_history: Sequence[Turn] | None
