"""The events that a token has access to."""

from __future__ import annotations

from typing import Unpack

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.http.request import validate_path_argument
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.errors import NotFoundError
from sessionboard_async.models import Event
from sessionboard_async.services._common.ids.events import EventLike, event_id_of
from sessionboard_async.services._common.service import Service


class Events(Service):
    """The events that the token has access to."""

    _LIST: Endpoint[Event] = Endpoint("list-events", "GET", "/v1/events", page_of(Event), scope="read:events")

    def list(self, **options: Unpack[PagerOptions]) -> Pager[Event]:
        """List the events that the token has access to, each with its time zone and features.

        A token may be restricted to some events; others are left out.

        Scope ``read:events``; not rate limited.

        Args:
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A pager of events.

        Raises:
            ValueError: If an option is out of bounds.
        """
        return self._pages(self._LIST, {}, **options)

    async def get(self, event_id: EventLike) -> Event:
        """Get an event with its time zone and features, by listing events until it comes.

        The API has no operation for a single event.

        Scope ``read:events``; not rate limited.

        Args:
            event_id: The event, or its id.

        Returns:
            The event.

        Raises:
            NotFoundError: If the token has no access to such an event.
            ValueError: If the id is empty.
            TypeError: If the id is ``None``.
        """
        wanted = validate_path_argument("event_id", event_id_of(event_id))
        async for event in self.list():
            if str(event.id) == wanted:
                return event
        raise NotFoundError(
            "no such event: it may be of the other region, or one that the token has no access to",
            context=self._LIST.context,
        )
