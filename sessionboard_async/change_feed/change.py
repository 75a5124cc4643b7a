"""Changes of records, and the steps in which a feed reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, Literal, TypeVar

import msgspec

R = TypeVar("R")

ChangeKind = Literal["upsert", "deleted", "left_scope"]
"""A record is new or changed; it is deleted; or the search no longer finds it."""


class Change(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One change.

    Attributes:
        kind: ``"upsert"``: the record is new or changed; ``"deleted"``: it is deleted; ``"left_scope"``: the
            search no longer finds it, and it is not known to be deleted: it no longer matches the filters,
            went into a composition, or cannot be read with this token.
        resource: The resource, such as ``"sessions"``.
        id: The id of the record.
        record: The record of an upsert; otherwise ``None``.
    """

    kind: ChangeKind
    resource: str
    id: str
    record: R | None = None

    def __repr__(self) -> str:
        # A record may be a plain dict, whose repr shows personal data.
        return f"{type(self).__name__}({self.kind} of {self.resource}, id={self.id!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("kind", self.kind), ("resource", self.resource), ("id", self.id)]


class FeedStep:
    """Changes that were read together.

    Args:
        resource: The resource.
        changes: The changes.
        acknowledge: Updates the progress; called once the changes are processed.
    """

    def __init__(
        self,
        resource: str,
        changes: Iterable[Change[Any]] = (),
        acknowledge: Callable[[], object] = lambda: None,
    ) -> None:
        self.resource = resource
        self.changes: tuple[Change[Any], ...] = tuple(changes)
        self.acknowledge = acknowledge


def upserts(resource: str, records: Mapping[str, R]) -> Iterator[Change[R]]:
    """Return a change for each new or changed record."""
    for id_, record in records.items():
        yield Change(kind="upsert", resource=resource, id=id_, record=record)


def removals(resource: str, ids: Iterable[str], kind: ChangeKind) -> Iterator[Change[Any]]:
    """Return a change for each removed record."""
    for id_ in sorted(ids):
        yield Change(kind=kind, resource=resource, id=id_)
