"""Compositions: sessions that are merged into, or linked to, other sessions."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import Record, Timestamp


class CompositionTarget(Record, frozen=True, kw_only=True):
    """The session that another session is merged into."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "friendly_id", "title")

    id: str | None = None
    friendly_id: str | None = None
    title: str | None = None
    is_abstract: bool | None = None


class CompositionSource(CompositionTarget, frozen=True, kw_only=True):
    """A session that is merged into another session."""

    composition_id: str | None = None
    relationship_type: str | None = None
    created_at: Timestamp | None = None


class CompositionStatus(Record, frozen=True, kw_only=True):
    """The role of a session in a composition: made of others (``target``), or part of one (``source``).

    A ``source`` is read-only, and searches omit it without the expansion ``linked_sources``. ``target`` is
    set only for a ``source``.
    """

    _shown: ClassVar[tuple[str, ...]] = ("role",)

    role: str | None = None
    is_linked: bool | None = None
    is_read_only: bool | None = None
    source_count: int | None = None
    target: CompositionTarget | None = None

    def __post_init__(self) -> None:
        if self.target is not None and self.target == CompositionTarget():
            force_setattr(self, "target", None)


class CompositionDetail(Record, frozen=True, kw_only=True):
    """The composition of a session in full; sent with the expansion ``composition``."""

    target: CompositionTarget | None = None
    sources: tuple[CompositionSource, ...] | None = None

    def __post_init__(self) -> None:
        if self.target is not None and self.target == CompositionTarget():
            force_setattr(self, "target", None)
