"""Operations that exist twice: for an event, and for the whole organization."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.endpoint import Endpoint, Method, Pages
from sessionboard_async.services._common.ids.arguments import Path
from sessionboard_async.services._common.ids.events import EventLike, event_path

T = TypeVar("T")


class InBothScopes(msgspec.Struct, Generic[T], frozen=True):
    """An operation in its two forms: for an event, and for the organization."""

    event: Endpoint[T]
    organization: Endpoint[T]

    def at(self, event_id: EventLike | None) -> tuple[Endpoint[T], Path]:
        """Return the form to use, and the path arguments that choose it.

        Args:
            event_id: The event, or its id; ``None`` for the organization.
        """
        return (self.organization, {}) if event_id is None else (self.event, event_path(event_id))


def in_both_scopes(
    event: str,
    organization: str,
    method: Method,
    path: str,
    answer: type[T] | Pages[T] | None,
    *,
    of_organization: Pages[T] | None = None,
    scope: str,
    limit: str | None = None,
    idempotent: bool = False,
    may_be_empty: bool = False,
) -> InBothScopes[T]:
    """Declare an operation in its two forms.

    Args:
        event: The ``operationId`` of the event's form.
        organization: The ``operationId`` of the organization's form.
        method: The HTTP method of both.
        path: The end of both paths, after ``/v1/event/{event_id}`` and after ``/v1``.
        answer: The content of a successful answer.
        of_organization: The answer of the organization's form, if it differs.
        scope: The scope that both need.
        limit: The rate-limit category.
        idempotent: Whether sending it twice is harmless.
        may_be_empty: Whether a successful answer may have no body.
    """

    def declared(operation: str, path: str, answer: type[T] | Pages[T] | None) -> Endpoint[T]:
        return Endpoint(
            operation,
            method,
            path,
            answer,
            idempotent=idempotent,
            scope=scope,
            limit=limit,
            may_be_empty=may_be_empty,
        )

    return InBothScopes(
        event=declared(event, f"/v1/event/{{event_id}}{path}", answer),
        organization=declared(organization, f"/v1{path}", of_organization or answer),
    )
