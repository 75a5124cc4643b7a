"""The cursor of a change feed: a value that can be stored between runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import msgspec

from sessionboard_async.core.pagination.checkpoint import digest
from sessionboard_async.models.base import EventId

Cursor = dict[str, Any]
"""Holds only what JSON can hold: store it anywhere and pass it unchanged to the next run."""

_VERSION = 1


class ResourceCursor(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The state of one resource. Times are milliseconds since 1970, by the API's clock.

    Attributes:
        watermark: Every change before this time was reported.
        deletions: Every deletion before this time was reported.
        swept: When all ids were compared last.
        as_of: When the pass under way began.
        reading: The checkpoint of the pass under way.
        ids: The ids that were reported and not removed; empty if the caller supplies them.
        digests: By id, the digests of records that have no times.
        missing: By id, when an id was first not found, as long as its record may still exist.
    """

    watermark: int | None = None
    deletions: int | None = None
    swept: int | None = None
    as_of: int | None = None
    reading: dict[str, Any] | None = None
    ids: set[str] = set()  # msgspec copies it
    digests: dict[str, str] = {}
    missing: dict[str, int] = {}

    def add_page(self, ids: Iterable[str], as_of: int, reading: dict[str, Any]) -> None:
        """Save the ids of a page, and where its pass continues."""
        self.ids.update(ids)
        self.as_of, self.reading = as_of, reading

    def finish_pass(self, as_of: int | None) -> None:
        """Save that every change before a time was reported."""
        if self.watermark is None:
            self.swept = as_of
        if as_of is not None:
            self.watermark = as_of
        self.as_of = self.reading = None

    def finish_deletions(self, as_of: int) -> None:
        """Save that every deletion before a time was reported."""
        self.deletions = as_of

    def finish_sweep(self, as_of: int) -> None:
        """Save when all ids were compared."""
        self.swept = as_of

    def add_digests(self, digests: Mapping[str, str]) -> None:
        """Save the digests of records."""
        self.digests.update(digests)
        self.ids.update(digests)

    def set_missing(self, missing: dict[str, int]) -> None:
        """Save which ids are missing, and since when."""
        self.missing = missing

    def remove(self, ids: Iterable[str]) -> None:
        """Remove everything about some ids."""
        for id_ in ids:
            self.ids.discard(id_)
            self.digests.pop(id_, None)
            self.missing.pop(id_, None)


class _StoredCursor(msgspec.Struct, kw_only=True):
    version: int
    event_id: str
    scope: str
    resources: dict[str, ResourceCursor]


class FeedState:
    """The state of a run, from one cursor to the next.

    Args:
        event_id: The event.
        scope: Filters and expansions, which must be the same in every run.
        cursor: The cursor of an earlier run.
        known: Returns the ids of a resource that the caller has; ``None`` to keep them in the cursor.

    Raises:
        ValueError: If the cursor is invalid, or belongs to another event or scope.
    """

    def __init__(
        self,
        event_id: EventId,
        scope: object,
        cursor: Mapping[str, Any] | None,
        known: Callable[[str], Iterable[str]] | None,
    ) -> None:
        self._event_id = str(event_id)
        self._scope = digest(scope)
        self._known = known
        self._resources = {} if cursor is None else self._read(cursor)
        self._loaded: set[str] = set()

    def resource(self, name: str) -> ResourceCursor:
        """Return the state of a resource, which the caller changes in place."""
        resource = self._resources.setdefault(name, ResourceCursor())
        if self._known is not None and name not in self._loaded:
            self._loaded.add(name)
            resource.ids = set(self._known(name))
        return resource

    def cursor(self) -> Cursor:
        """Return the cursor for the next run."""
        resources = self._resources
        if self._known is not None:
            resources = {
                name: msgspec.structs.replace(resource, ids=set()) for name, resource in resources.items()
            }
        stored = _StoredCursor(
            version=_VERSION, event_id=self._event_id, scope=self._scope, resources=resources
        )
        return cast("Cursor", msgspec.to_builtins(stored, order="deterministic"))

    def _read(self, cursor: Mapping[str, Any]) -> dict[str, ResourceCursor]:
        try:
            stored = msgspec.convert(cursor, _StoredCursor)
        except msgspec.ValidationError as error:
            raise ValueError(
                f"the cursor is invalid ({error}): pass the cursor of an earlier run unchanged"
            ) from None
        if stored.version != _VERSION:
            raise ValueError(
                f"the cursor has version {stored.version}, and this package reads version {_VERSION}: start "
                "again without a cursor"
            )
        if stored.event_id != self._event_id:
            raise ValueError(f"the cursor is of event {stored.event_id}, not of event {self._event_id}")
        if stored.scope != self._scope:
            raise ValueError(
                "the cursor was made with other filters or expansions: start again without a cursor"
            )
        return stored.resources
