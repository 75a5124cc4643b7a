"""The state of a run of a change feed, from one checkpoint to the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from inspect import isawaitable
from typing import Any, cast

import msgspec

from sessionboard_async.change_feed.progress import FeedProgress, ResourceProgress
from sessionboard_async.change_feed.versions import microseconds
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint, digest, read_progress
from sessionboard_async.models.base import EventId

_Ids = Iterable[str] | Mapping[str, datetime | str | None]
KnownIds = Callable[[str], _Ids | Awaitable[_Ids]]
"""Returns the ids of a resource that a caller has; as a mapping, with the ``updated_at`` of each."""

_NO_FUNCTION = "known must be a function that returns the ids of a resource, not {}: write lambda resource: …"


class FeedState:
    """The state of a run, from one checkpoint to the next.

    Args:
        event_id: The event.
        resources: The resources that the run reads.
        expand: The expansions, which must be the same in every run.
        filters: The filters, likewise.
        resume: The checkpoint of an earlier run, which may have read other resources.
        known: Returns the ids of a resource that the caller has, or awaits them; ``None`` to keep them in the
            checkpoint.

    Raises:
        TypeError: If ``resume`` is no checkpoint, or ``known`` no function.
        ValueError: If it is damaged, or belongs to another event, other expansions or filters, or to another
            call, or has no ids although ``known`` is ``None``.
    """

    def __init__(
        self,
        event_id: EventId,
        resources: Sequence[str],
        *,
        expand: Sequence[str],
        filters: Mapping[str, Mapping[str, Any]],
        resume: Checkpoint | None,
        known: KnownIds | None,
    ) -> None:
        if known is not None and not callable(known):
            raise TypeError(_NO_FUNCTION.format(type(known).__name__))
        self._names = resources
        self._query: dict[str, str | list[str]] = {
            "operation": "changes",
            "event_id": str(event_id),
            "filters": digest(filters),
            "expand": sorted(set(expand)),
        }
        self._known = known
        self._resources = {} if resume is None else self._read(resume)
        self._loaded: set[str] = set()
        self._without_times: set[str] = set()

    def stored(self, name: str) -> ResourceProgress:
        """Return the progress of a resource as a checkpoint holds it, without the ids that the caller has."""
        return self._resources.get(name, ResourceProgress())

    def resource(self, name: str) -> ResourceProgress:
        """Return the progress of a resource, which the caller changes in place."""
        return self._resources.setdefault(name, ResourceProgress())

    async def load(self, name: str) -> ResourceProgress:
        """Return the progress of a resource with its ids, for which the caller is asked once in a run.

        Raises:
            TypeError: If the caller returns something else than ids, or a time of another type.
            ValueError: If an id is empty, or a datetime has no offset.
        """
        resource = self.resource(name)
        if self._known is None or name in self._loaded:
            return resource
        known = self._known(name)
        if isawaitable(known):
            known = await known
        if isinstance(known, Mapping):
            times = cast("Mapping[str, datetime | str | None]", known)
            resource.ids = {_id(name, id_): _time(name, time) for id_, time in times.items()}
        elif isinstance(cast("object", known), str | bytes) or not isinstance(known, Iterable):
            raise TypeError(f"known({name!r}) must return ids or a mapping, not {type(known).__name__}")
        else:
            resource.ids = dict.fromkeys(_id(name, id_) for id_ in known)
            resource.ids |= {id_: time for id_, time in resource.recent.items() if id_ in resource.ids}
            self._without_times.add(name)
        self._loaded.add(name)
        return resource

    def knows_times(self, name: str) -> bool:
        """Return whether the ids of a resource are known with their times."""
        return name not in self._without_times

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint for the next run."""
        resources = {name: self._without_known(name) for name in self._resources}
        progress = FeedProgress(resources=resources, without_ids=self._known is not None)
        names = sorted({*self._names, *self._resources})
        return Checkpoint.of({**self._query, "resources": names}, progress)

    def _without_known(self, name: str) -> ResourceProgress:
        """Return the progress of a resource without the ids that the caller has."""
        resource = self._resources[name]
        if self._known is None:
            return msgspec.structs.replace(resource, recent={})
        if name not in self._loaded:
            # It may hold ids of a run in which the caller supplied none.
            return resource
        if self.knows_times(name):
            return msgspec.structs.replace(resource, ids={}, recent={})
        resource.limit_recent()
        return msgspec.structs.replace(resource, ids={})

    def _read(self, resume: object) -> dict[str, ResourceProgress]:
        query = self._query
        if isinstance(resume, Checkpoint):
            # They name what it belongs to; every run may read others.
            query = {**query, "resources": resume.query.get("resources", [])}
        progress = read_progress(resume, query, FeedProgress, hashed=["filters"])
        if progress.without_ids and self._known is None:
            raise ValueError(
                "the checkpoint has no ids, because its feed was given known: pass known again, so that "
                "removals are found"
            )
        return dict(progress.resources)


def _id(name: str, id_: object) -> str:
    if not isinstance(id_, str):
        raise TypeError(f"known({name!r}) must return ids as strings, not as {type(id_).__name__}")
    if not id_:
        raise ValueError(f"known({name!r}) must not return an empty id")
    return id_


def _time(name: str, time: object) -> int | None:
    if not isinstance(time, datetime | str | None):
        raise TypeError(
            f"known({name!r}) must return times as datetimes or strings, not as {type(time).__name__}"
        )
    if isinstance(time, datetime) and time.utcoffset() is None:
        # Without its time, every comparison would report the record again.
        raise ValueError(f"known({name!r}) must return datetimes with an offset: add tzinfo=UTC if it is UTC")
    # A string is what the API sent, whatever that is.
    return microseconds(time)
