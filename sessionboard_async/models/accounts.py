"""Sponsors and exhibitors."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import Record, Timestamp
from sessionboard_async.models.profile import Profile


class AccountContact(Record, frozen=True, kw_only=True):
    """A contact of a sponsor or exhibitor, with the timestamps of the person and of the relationship."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "friendly_id")

    id: str | None = None
    friendly_id: str | None = None
    friendly_id_raw: int | None = None
    full_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    photo_url: str | None = None
    company_name: str | None = None
    title: str | None = None
    about: str | None = None
    is_primary: bool | None = None
    contact_created_at: Timestamp | None = None
    contact_updated_at: Timestamp | None = None
    relationship_created_at: Timestamp | None = None
    relationship_updated_at: Timestamp | None = None


class Account(Profile, frozen=True, kw_only=True):
    """The fields that sponsors and exhibitors share, at an event and on a session.

    The API misspells the country of an account as ``address_coutnry``. Either spelling is read into
    ``address_country``; ``address_coutnry`` is always ``None``.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "friendly_id", "name")

    name: str | None = None
    description: str | None = None
    logo_image_url: str | None = None
    banner_image_url: str | None = None
    phone: str | None = None
    address_coutnry: str | None = None
    contacts: tuple[AccountContact, ...] | None = None
    admin_url: str | None = None

    def __post_init__(self) -> None:
        if self.address_coutnry is not None:
            if self.address_country is None:
                force_setattr(self, "address_country", self.address_coutnry)
            force_setattr(self, "address_coutnry", None)


class Sponsor(Account, frozen=True, kw_only=True):
    """A sponsor of an event, or of one session."""


class Exhibitor(Account, frozen=True, kw_only=True):
    """An exhibitor at an event, or on one session."""
