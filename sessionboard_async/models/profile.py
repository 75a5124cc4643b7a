"""Fields that people and accounts share."""

from __future__ import annotations

from sessionboard_async.models.translation import RecordWithFields


class Profile(RecordWithFields, frozen=True, kw_only=True):
    """The address and the links of a person or account."""

    address_line_1: str | None = None
    address_line_2: str | None = None
    address_city: str | None = None
    address_state: str | None = None
    address_postal_code: str | None = None
    address_country: str | None = None
    website_url: str | None = None
    linkedin_url: str | None = None
    twitter_url: str | None = None
    facebook_url: str | None = None
    instagram_url: str | None = None
    snapchat_username: str | None = None
    tiktok_username: str | None = None
