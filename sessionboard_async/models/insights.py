"""What the insights answer beside rows: queries that were written for somebody, and suggestions."""

from __future__ import annotations

from typing import ClassVar

from sessionboard_async.models.base import OpenRecord


class GeneratedQuery(OpenRecord, frozen=True, kw_only=True):
    """An SbQL query that was made of a question in plain words."""

    query: str | None = None
    explanation: str | None = None


class Suggestion(OpenRecord, frozen=True, kw_only=True):
    """An SbQL query that may be of use."""

    query: str | None = None
    description: str | None = None
    category: str | None = None


class Suggestions(OpenRecord, frozen=True, kw_only=True):
    """Some suggestions."""

    _array: ClassVar[str | None] = "suggestions"

    suggestions: tuple[Suggestion, ...] | None = None
