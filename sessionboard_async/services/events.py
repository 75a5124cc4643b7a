"""The events that a token has access to."""

from __future__ import annotations

from typing import Unpack

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import Event
from sessionboard_async.services._common.service import Service


class Events(Service):
    """The events that the token has access to."""

    _LIST: Endpoint[Event] = Endpoint("list-events", "GET", "/v1/events", page_of(Event), scope="read:events")

    def list(self, **options: Unpack[PagerOptions]) -> Pager[Event]:
        """List the events that the token has access to, each with its time zone and features.

        A token may be restricted to some events; others are left out.

        Args:
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A pager of events. Scope ``read:events``; not rate limited.

        Raises:
            ValueError: If an option is out of bounds.
        """
        return self._pages(self._LIST, {}, **options)
