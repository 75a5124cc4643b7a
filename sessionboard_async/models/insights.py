"""Answers of insights other than rows: generated queries, and suggestions."""

from __future__ import annotations

from typing import ClassVar

from sessionboard_async.models.base import OpenRecord


class GeneratedQuery(OpenRecord, frozen=True, kw_only=True):
    """An SbQL query, generated from a question in plain words."""

    query: str | None = None
    explanation: str | None = None


class Suggestion(OpenRecord, frozen=True, kw_only=True):
    """A suggested SbQL query."""

    query: str | None = None
    description: str | None = None
    category: str | None = None


class Suggestions(OpenRecord, frozen=True, kw_only=True):
    """The suggested queries of an answer."""

    _array: ClassVar[str | None] = "suggestions"

    suggestions: tuple[Suggestion, ...] | None = None
