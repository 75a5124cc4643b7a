"""The sponsors and exhibitors of one event of the embedded organization."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.fields import FieldBook, FieldValue, Record
from sessionboard_async.testing._data.metadata import DatedRow
from sessionboard_async.testing._data.names import CITIES, COMPANIES
from sessionboard_async.testing._data.people import People
from sessionboard_async.testing._data.registry import Registry, StoredValues
from sessionboard_async.testing._data.seeded import DAY, SeededRandom, iso_timestamp, milliseconds, uuid_for
from sessionboard_async.testing._data.texts import SLOGANS, Triple

_FIRST = milliseconds(2025, 10, 1, 10)
_SPAN = 250 * DAY


class _Account(NamedTuple):
    """A sponsor or exhibitor, with the text for its translations."""

    record: Record
    description: Triple
    custom_fields: Mapping[str, FieldValue]


class Accounts:
    """The sponsors or the exhibitors of one event, generated on demand and overlaid with writes.

    Args:
        kind: ``"sponsor"`` or ``"exhibitor"``.
        key: Seed and event, which make the ids unique.
        count: Number of generated accounts.
        people: The organization's contacts.
        fields: The fields of the event.
        clock: Supplies the timestamps of writes.
    """

    def __init__(
        self, kind: str, key: tuple[int, int], count: int, people: People, fields: FieldBook, clock: Clock
    ) -> None:
        self._kind = kind
        self._key = key
        self._people = people
        self._fields = fields
        self.count = count
        self.registry = Registry(kind, count, clock, self.id, self._row)
        self.everyone = self.registry.group(range(count))
        self._generated = lru_cache(maxsize=1024)(self._make)

    def id(self, index: int) -> str:
        """Return an account's id."""
        return uuid_for(*self._key, self._kind, index)

    @property
    def rows(self) -> list[DatedRow]:
        """The sort keys of all accounts."""
        return self.everyone.rows()

    def custom_fields(self, index: int) -> Mapping[str, FieldValue]:
        """Return the custom field values of an account."""
        return self._account(index).custom_fields

    def account(self, index: int, *, translated: bool = False) -> Record:
        """Return an account as searches and single reads return it."""
        record = self.in_session(index, translated=translated)
        record["admin_url"] = f"https://admin.example.com/{self._kind}s/{record['id']}"
        return record

    def in_session(self, index: int, *, translated: bool = False) -> Record:
        """Return an account as it appears in the sessions that it supports."""
        account = self._account(index)
        record = {
            **account.record,
            "custom_fields": self._fields.values("account", account.custom_fields),
            "contacts": self._contacts(index),
        }
        if translated:
            texts = (("description", account.description),)
            record["translated_fields"] = self._fields.translations("account", str(record["id"]), texts)
        return record

    def _row(self, index: int) -> DatedRow:
        created = _FIRST + index * (_SPAN // max(1, self.count)) + index * 137 % 1000
        return DatedRow(index, created, created + index * 7 % 30 * DAY)

    def _account(self, index: int) -> _Account:
        """Return the current account: generated from the seed, or empty if created, overlaid with writes."""
        if not self.registry.is_modified(index):
            return self._generated(index)
        account = self._generated(index)
        if self.registry.is_created(index):
            own = ("id", "friendly_id", "friendly_id_raw")
            record = {name: account.record[name] if name in own else None for name in account.record}
            account = _Account(record, ("", "", ""), {})
        row = self.registry.row(index)
        dates = {"created_at": iso_timestamp(row.created), "updated_at": iso_timestamp(row.updated)}
        values, custom_fields = self.registry.stored_values(index) or StoredValues({}, account.custom_fields)
        return _Account({**account.record, **values, **dates}, account.description, custom_fields)

    def _make(self, index: int) -> _Account:
        draw = SeededRandom(*self._key, self._kind, index)
        slogan = draw.pick(SLOGANS)
        city, country, street = draw.pick(CITIES)
        company = COMPANIES[(index * 7 + len(self._kind)) % len(COMPANIES)]
        repeat = index // len(COMPANIES)
        row = self._row(index)
        description: Triple = (f"<p>{slogan[0]}</p>", f"<p>{slogan[1]}</p>", f"<p>{slogan[2]}</p>")
        record: Record = {
            "id": self.id(index),
            "friendly_id": f"{self._kind[:4].upper()}-{index + 1}",
            "friendly_id_raw": index + 1,
            "name": f"{company} {repeat + 1}" if repeat else company,
            "description": description[0] if index % 6 != 5 else "",
            "logo_image_url": f"https://images.example.com/{self._kind}s/{index + 1}.svg"
            if index % 4 != 3
            else None,
            "banner_image_url": None,
            "phone": f"+1 555 01{index % 100:02}",
            "address_line_1": street,
            "address_line_2": None,
            "address_city": city,
            "address_state": None,
            "address_postal_code": f"{20000 + index % 70000}",
            "address_coutnry": country,  # the API's own spelling
            "facebook_url": None,
            "instagram_url": None,
            "linkedin_url": None,
            "snapchat_username": None,
            "tiktok_username": None,
            "twitter_url": None,
            "website_url": f"https://{self._kind}-{index + 1}.example.com/",
            "created_at": iso_timestamp(row.created),
            "updated_at": iso_timestamp(row.updated),
            "custom_fields": [],
            "contacts": [],
        }
        custom_fields = {
            "booth": FieldValue(f"B{index + 1:03}", row.created),
            "badges": FieldValue(2 + index % 9, row.created),
        }
        return _Account(record, description, custom_fields)

    def _contacts(self, index: int) -> list[Record]:
        """Return the contacts of an account that are not deleted; the first of all is the primary contact."""
        if not self._people.count or self.registry.is_created(index):
            return []
        last = self._people.count - 1
        chosen = dict.fromkeys((last - index * 2 % (last + 1), last - (index * 2 + 1) % (last + 1)))
        since = self._row(index).created
        return [
            self._people.at_account(contact, is_primary=position == 0, since=since)
            for position, contact in enumerate(chosen)
            if not self._people.registry.is_deleted(contact)
        ]
