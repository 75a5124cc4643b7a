"""Reads the changes of an event, resource by resource."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta

from sessionboard_async.change_feed.change import FeedStep
from sessionboard_async.change_feed.resource_reader import ResourceReader, pass_pager
from sessionboard_async.change_feed.source import FeedSource
from sessionboard_async.change_feed.state import FeedState
from sessionboard_async.core.pagination.checkpoints.checkpoint import damaged_checkpoint
from sessionboard_async.errors import APIError
from sessionboard_async.export.refusals import is_refusal, warn_of_refusals


class ChangeReader:
    """Reads the changes of a run.

    Args:
        source: The searches of the event.
        resources: The resources to read.
        state: The state of the run.
        sweep_every: The time from one comparison of all records to the next.
        allow_refused: Whether to log nothing if the API refuses some of the resources.

    Raises:
        ValueError: If the checkpoint of a pass that was interrupted cannot be used.
    """

    def __init__(
        self,
        source: FeedSource,
        resources: Sequence[str],
        state: FeedState,
        *,
        sweep_every: timedelta,
        allow_refused: bool,
    ) -> None:
        self.state = state
        self.refused: dict[str, APIError] = {}
        self._source = source
        self._resources = resources
        self._sweep_every = sweep_every // timedelta(milliseconds=1)
        self._allow_refused = allow_refused
        self._done: set[str] = set()
        for resource in resources:
            try:
                pass_pager(source, resource, state.stored(resource), raw=False)
            except ValueError as error:
                raise damaged_checkpoint(f"{resource}: {error}") from None

    async def steps(self, *, raw: bool) -> AsyncGenerator[FeedStep, None]:
        """Iterate over the steps of the run; after an error, from the resource that it was about."""
        for resource in self._resources:
            if resource in self._done:
                continue
            progress = await self.state.load(resource)
            reader = ResourceReader(
                self._source,
                resource,
                progress,
                raw=raw,
                sweep_every=self._sweep_every,
                knows_times=self.state.knows_times(resource),
            )
            try:
                async with aclosing(reader.steps()) as steps:
                    async for step in steps:
                        yield step
            except APIError as error:
                if not is_refusal(error):
                    raise
                self.refused[resource] = error
            self._done.add(resource)
        if self.refused and len(self.refused) == len(self._resources):
            raise next(iter(self.refused.values()))
        if not self._allow_refused:
            warn_of_refusals(self.refused)
