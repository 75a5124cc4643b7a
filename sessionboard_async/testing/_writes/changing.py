"""Application of the scheduled changes that are due."""

from __future__ import annotations

from collections import Counter

from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.seeded import SeededRandom
from sessionboard_async.testing._writes.resources import resource_of
from sessionboard_async.testing.changes import Changes, Schedule, ScheduledChange


class ChangingData:
    """Applies scheduled changes to an event.

    Args:
        changes: The rates of the changes.
        event: The event to change, from now on.
    """

    def __init__(self, changes: Changes, event: EventData) -> None:
        self._clock = event.clock
        self._schedule = Schedule(changes, self._clock.now())
        self._resources = {name: resource_of(event, name) for name in changes.resources}
        self._draws = {name: SeededRandom(changes.seed, name, "choices") for name in changes.resources}
        self._counts = Counter[str]()
        self._deleted: dict[str, list[str]] = {name: [] for name in changes.resources}

    def catch_up(self) -> bool:
        """Apply every change that is due, and return whether there was any."""
        due = False
        for change in self._schedule.due(self._clock.now()):
            due = True
            try:
                self._apply(change)
            except RequestError:
                # A request may have restored the record, or taken its e-mail address, meanwhile.
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
        # The timestamps of one record never decrease, however late a write becomes visible.
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
