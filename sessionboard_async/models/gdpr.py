"""GDPR requests: access to personal data, and erasure."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import Record, Timestamp


class GDPRMatches(Record, frozen=True, kw_only=True):
    """The records that belong to the person."""

    users: tuple[int, ...] | None = None
    org_users: tuple[str, ...] | None = None
    event_users: tuple[int, ...] | None = None
    contact_records: tuple[str, ...] | None = None


class GDPRRequest(Record, frozen=True, kw_only=True):
    """A request for access to personal data, or for their erasure."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "status")

    id: str | None = None
    org_id: str | None = None
    request_type: str | None = None
    identity_type: str | None = None
    identity_value: str | None = None
    status: str | None = None
    matching_user_exists: bool | None = None
    response: GDPRMatches | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None

    def __post_init__(self) -> None:
        if self.response == GDPRMatches():
            force_setattr(self, "response", None)
