"""The searches of an event that a feed reads."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sessionboard_async.client import AsyncSession
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.core.pagination.prefetch import PrefetchDepth
from sessionboard_async.core.pagination.record_keys import id_getter, id_text
from sessionboard_async.export.resources import EventService, event_service
from sessionboard_async.models.base import EventId
from sessionboard_async.models.sessions import SessionStatus
from sessionboard_async.services._common.filters import Expansion
from sessionboard_async.services.metadata import MetadataService

_logger = logging.getLogger("sessionboard_async")


class FeedSource:
    """The searches of an event, with the arguments of a feed.

    Args:
        sb: The client to read with.
        event_id: The event.
        expand: Expansions to include.
        filters: By resource, keyword arguments of its search.
        prefetch: How many pages to fetch ahead.
    """

    def __init__(
        self,
        sb: AsyncSession,
        event_id: EventId,
        *,
        expand: Sequence[Expansion],
        filters: Mapping[str, Mapping[str, Any]],
        prefetch: PrefetchDepth | None,
    ) -> None:
        self.event_id = event_id
        self._sb = sb
        self._expand = expand
        self._filters = filters
        self._prefetch: PrefetchDepth | None = prefetch
        self._warned: set[tuple[str, str]] = set()

    def service(self, resource: str) -> EventService:
        """Return the service of a resource."""
        return event_service(self._sb, resource)

    def search(self, resource: str, *, raw: bool, **arguments: Any) -> Pager[Any]:
        """Search the records that the feed follows; arguments replace filters."""
        pager = self.service(resource).search(
            self.event_id,
            expand=self._expand,
            prefetch=self._prefetch,
            **{**self.filters(resource), **arguments},
        )
        return pager.raw() if raw else pager

    def list(self, resource: str, *, raw: bool) -> Pager[Any]:
        """List all records of a resource whose service has a list."""
        pager = cast("MetadataService[Any]", self.service(resource)).list(self.event_id)
        return pager.raw() if raw else pager

    def everything(self, resource: str, **arguments: Any) -> Pager[Any]:
        """Search all records of a resource, without the filters of the feed."""
        return self.service(resource).search(self.event_id, prefetch=self._prefetch, **arguments).raw()

    def statuses(self, **arguments: Any) -> Pager[SessionStatus]:
        """Search the statuses of sessions, deleted ones included."""
        return self._sb.sessions.search_statuses(self.event_id, prefetch=self._prefetch, **arguments)

    def filters(self, resource: str) -> Mapping[str, Any]:
        """Return the filters of a resource."""
        return self._filters.get(resource, {})

    def by_id(self, resource: str, pager: Pager[Any], page: Page[Any]) -> dict[str, Any]:
        """Return the records of a page by their ids; log once that others cannot be followed."""
        records = {
            id_text(id_): record
            for id_, record in zip(map(id_getter(pager.record), page.results), page.results, strict=True)
        }
        if records.pop("", None) is not None:
            self.warn(resource, "records without an id cannot be followed")
        return records

    def warn(self, resource: str, message: str) -> None:
        """Log a warning, once in a run."""
        if (resource, message) not in self._warned:
            self._warned.add((resource, message))
            _logger.warning("%s: %s", resource, message)
