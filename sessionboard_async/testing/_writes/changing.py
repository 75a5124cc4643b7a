"""Lets the changes happen that are due."""

from __future__ import annotations

from collections import Counter

from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.seeded import SeededRandom
from sessionboard_async.testing._writes.resources import resource_of
from sessionboard_async.testing.changes import Changes, Schedule, ScheduledChange


class ChangingData:
    """An event that changes by itself.

    Args:
        changes: What happens, and how often.
        event: What it happens to, from now on.
    """

    def __init__(self, changes: Changes, event: EventData) -> None:
        self._clock = event.clock
        self._schedule = Schedule(changes, self._clock.now())
        self._resources = {name: resource_of(event, name) for name in changes.resources}
        self._draws = {name: SeededRandom(changes.seed, name, "choices") for name in changes.resources}
        self._counts = Counter[str]()
        self._deleted: dict[str, list[str]] = {name: [] for name in changes.resources}

    def catch_up(self) -> bool:
        """Let everything happen that is due by now; return whether anything was."""
        due = False
        for change in self._schedule.due(self._clock.now()):
            due = True
            try:
                self._apply(change)
            except RequestError:
                # Requests write too: one may have brought a record back, or taken its address, meanwhile.
                continue
        return due

    def _apply(self, change: ScheduledChange) -> None:
        resource, draw = self._resources[change.resource], self._draws[change.resource]
        self._counts[change.resource] += 1
        number, dated = self._counts[change.resource], change.dated_at * 1000
        if change.kind == "insert":
            with self._clock.fixed_at(dated):
                resource.insert(number, draw)
            return
        chosen = self._chosen(change, draw)
        if chosen is None:
            return
        # However late a write is seen, the times of one record only ever grow.
        with self._clock.fixed_at(max(dated, resource.updated(chosen) + 1)):
            match change.kind:
                case "update":
                    resource.update(chosen, number)
                case "delete":
                    resource.delete(chosen)
                    self._deleted[change.resource].append(chosen)
                case "restore":
                    resource.restore(chosen)
                case "flip":
                    resource.flip(chosen)

    def _chosen(self, change: ScheduledChange, draw: SeededRandom) -> str | None:
        resource, deleted = self._resources[change.resource], self._deleted[change.resource]
        match change.kind:
            case "restore":
                return deleted.pop(draw.below(len(deleted))) if deleted else None
            case "flip":
                return resource.pick_flip(draw)
            case _:
                return resource.pick(draw)
