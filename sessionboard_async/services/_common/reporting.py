"""Methods that dashboards, widgets and saved queries share."""

from __future__ import annotations

from typing import Generic, TypeVar

from sessionboard_async.core.endpoint import Endpoint, Method, Pages
from sessionboard_async.models.base import Record
from sessionboard_async.services._common.ids.arguments import Id, Path, id_of, record_type
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.scopes import InBothScopes, in_both_scopes
from sessionboard_async.services._common.service import Service

T = TypeVar("T")
R = TypeVar("R", bound=Record)


def report_write(
    event: str, organization: str, method: Method, path: str, answer: type[T] | None
) -> InBothScopes[T]:
    """Declare a write in its two forms, by their operation ids and the end of both paths."""
    return in_both_scopes(
        event,
        organization,
        method,
        path,
        answer,
        scope="write:events",
        limit="event-writes",
        may_be_empty=True,
    )


def report_read(
    event: str,
    organization: str,
    path: str,
    answer: type[T] | Pages[T],
    *,
    of_organization: Pages[T] | None = None,
) -> InBothScopes[T]:
    """Declare a read in its two forms, by their operation ids and the end of both paths."""
    return in_both_scopes(
        event, organization, "GET", path, answer, of_organization=of_organization, scope="read:insights"
    )


class ReportService(Service, Generic[R]):
    """Dashboards, widgets or saved queries."""

    _ID_ARGUMENT: str
    _UPDATE: InBothScopes[R]
    _DELETE: InBothScopes[None]

    async def delete(self, id: R | Id, *, event_id: EventLike | None = None) -> None:  # noqa: A002  # the API's own word
        """Delete a record. Deleting a dashboard deletes its widgets.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            id: The record, or its id.
            event_id: The event, or its id; ``None`` for the whole organization.

        Raises:
            NotFoundError: If no record has this id.
            ValueError: If an id is empty.
            TypeError: If the id is ``None``.
        """
        await self._record(*self._one(self._DELETE, id, event_id))

    def _one(
        self, operation: InBothScopes[T], id_: R | Id, event_id: EventLike | None
    ) -> tuple[Endpoint[T], Path]:
        endpoint, path = operation.at(event_id)
        name = self._ID_ARGUMENT
        return endpoint, {**path, name: id_of(name, id_, record_type(self._UPDATE.event))}
