"""How far somebody has followed the changes of an event, as a value that can be kept between runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, cast

import msgspec

from sessionboard_async.models.base import EventId

Cursor = dict[str, Any]
"""Made of what JSON knows, and nothing else: keep it wherever, and hand it to the next run as it is."""

_VERSION = 1


class ResourceCursor(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far one resource has been followed. All moments are milliseconds since 1970, by the API's clock.

    Attributes:
        watermark: Every change before this moment was told.
        deletions: Every deletion before this moment was told.
        swept: When all ids were compared last.
        as_of: When the reading under way began.
        reading: Where the reading under way stands.
        ids: What is there, as far as was told; empty where the caller knows it better.
        digests: What the records were that have no times, by id.
        missing: Since when an id was not found that nobody has called deleted.
    """

    watermark: int | None = None
    deletions: int | None = None
    swept: int | None = None
    as_of: int | None = None
    reading: dict[str, Any] | None = None
    ids: set[str] = set()  # msgspec copies it
    digests: dict[str, str] = {}
    missing: dict[str, int] = {}


class _StoredCursor(msgspec.Struct, kw_only=True):
    version: int
    event_id: str
    scope: str
    resources: dict[str, ResourceCursor]


class FeedState:
    """What a run knows, and changes while it goes on.

    Args:
        event_id: The event.
        scope: What else decides which records there are: filters and expansions.
        cursor: What an earlier run kept.
        known: Tells the ids that the caller has of a resource; ``None`` to keep them in the cursor.

    Raises:
        ValueError: If the cursor is none, or one of something else.
    """

    def __init__(
        self,
        event_id: EventId,
        scope: object,
        cursor: Mapping[str, Any] | None,
        known: Callable[[str], Iterable[str]] | None,
    ) -> None:
        self._event_id = str(event_id)
        self._scope = blake2b(msgspec.json.encode(scope, order="deterministic"), digest_size=8).hexdigest()
        self._known = known
        self._tracks = {} if cursor is None else self._read(cursor)
        self._loaded: set[str] = set()

    def track(self, resource: str) -> ResourceCursor:
        """Return how far a resource was followed; what is changed in it is kept."""
        track = self._tracks.setdefault(resource, ResourceCursor())
        if self._known is not None and resource not in self._loaded:
            self._loaded.add(resource)
            track.ids = set(self._known(resource))
        return track

    def cursor(self) -> Cursor:
        """Return all that the next run must know."""
        tracks = self._tracks
        if self._known is not None:
            tracks = {name: msgspec.structs.replace(track, ids=set()) for name, track in tracks.items()}
        kept = _StoredCursor(version=_VERSION, event_id=self._event_id, scope=self._scope, resources=tracks)
        return cast("Cursor", msgspec.to_builtins(kept, order="deterministic"))

    def _read(self, cursor: Mapping[str, Any]) -> dict[str, ResourceCursor]:
        try:
            kept = msgspec.convert(cursor, _StoredCursor)
        except msgspec.ValidationError as error:
            raise ValueError(f"cursor takes what an earlier run kept, as it is: {error}") from None
        if kept.version != _VERSION:
            raise ValueError(f"the cursor is of version {kept.version}, and this package reads {_VERSION}")
        if kept.event_id != self._event_id:
            raise ValueError(f"the cursor is of event {kept.event_id}, and not of {self._event_id}")
        if kept.scope != self._scope:
            raise ValueError("the cursor was made with other filters or expansions: begin anew without it")
        return kept.resources


def digest(record: object) -> str:
    """Return what tells one state of a record from another."""
    return blake2b(msgspec.json.encode(record, order="deterministic"), digest_size=8).hexdigest()


def unique(resources: Iterable[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """Return each resource once.

    Raises:
        ValueError: If there is one that is not allowed.
    """
    wanted = tuple(dict.fromkeys(resources))
    if unknown := [resource for resource in wanted if resource not in allowed]:
        raise ValueError(f"there is no {', '.join(unknown)}; there are {', '.join(allowed)}")
    return wanted
