"""The contacts of the embedded organization, and how they appear in sessions and at sponsors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.fields import FieldBook, FieldValue, Record
from sessionboard_async.testing._data.metadata import DatedRow
from sessionboard_async.testing._data.names import BIOS, CITIES, COMPANIES, JOBS, NAMES
from sessionboard_async.testing._data.registry import Registry, StoredValues
from sessionboard_async.testing._data.seeded import (
    DAY,
    SeededRandom,
    iso_timestamp,
    milliseconds,
    offset_timestamp,
    uuid_for,
)
from sessionboard_async.testing._data.texts import Triple

_FIRST = milliseconds(2025, 3, 3, 7)
_SPAN = 480 * DAY
_DIETS: tuple[Triple, ...] = (
    ("Vegetarian", "Végétarien", "Vegetarisch"),
    ("Vegan", "Végétalien", "Vegan"),
    ("Nothing special", "Aucun", "Keine besondere"),
)


class Role(NamedTuple):
    """A role of people in sessions; ``core`` is the legacy array in which they appear."""

    slug: str
    name: str
    plural: str
    core: str


ROLES: tuple[Role, ...] = (
    Role("speaker", "Speaker", "Speakers", "speaker"),
    Role("chairperson", "Chairperson", "Chairpersons", "chairperson"),
    Role("moderator", "Moderator", "Moderators", "moderator"),
    Role("panelist", "Panelist", "Panelists", "speaker"),
)


class _Person(NamedTuple):
    """A contact, with the texts for its translations."""

    record: Record
    about: Triple
    title: Triple
    custom_fields: Mapping[str, FieldValue]


_SESSION_KEYS = (
    "full_name",
    "first_name",
    "last_name",
    "email",
    "created_at",
    "updated_at",
    "photo_url",
    "company_name",
    "title",
    "about",
    "phone_mobile",
    "address_city",
    "address_country",
)
_SPARSE_SESSION_KEYS = (
    "phone_home",
    "address_line_1",
    "address_line_2",
    "address_state",
    "address_postal_code",
    "website_url",
    "linkedin_url",
    "twitter_url",
    "facebook_url",
    "instagram_url",
    "snapchat_username",
    "tiktok_username",
)
_ACCOUNT_KEYS = (
    "full_name",
    "first_name",
    "last_name",
    "email",
    "photo_url",
    "company_name",
    "title",
    "about",
)
_RARELY_FILLED = (
    "honorific",
    "salutation",
    "gender",
    "past_companies",
    "educational_affiliation",
    "highest_level_of_education",
    "ethnicity",
    "speaker_score",
    "organization_contact",
    "availability",
    "preferred_session_format",
    "annual_revenue",
    "headcount",
    "organization_structure",
    "global_region",
    "audience_type",
    "target_age_range",
    "brand",
)


class People:
    """All contacts of the organization, generated on demand and overlaid with writes.

    Args:
        seed: The seed of the data set.
        count: Number of generated contacts.
        fields: The organization's fields.
        clock: Supplies the timestamps of writes.
    """

    def __init__(self, seed: int, count: int, fields: FieldBook, clock: Clock) -> None:
        self._seed = seed
        self._fields = fields
        self.count = count
        self.registry = Registry("contact", count, clock, self.id, self._row)
        self.everyone = self.registry.group(range(count))
        self._generated = lru_cache(maxsize=8192)(self._make)
        self._written_emails: defaultdict[str, set[int]] = defaultdict(set)

    def id(self, index: int) -> str:
        """Return a contact's id."""
        return uuid_for(self._seed, "contact", index)

    def custom_fields(self, index: int) -> Mapping[str, FieldValue]:
        """Return the custom field values of a contact."""
        return self._person(index).custom_fields

    def name(self, index: int) -> tuple[object, object]:
        """Return the first and the last name of a contact."""
        record = self._person(index).record
        return record["first_name"], record["last_name"]

    def with_email(self, email: str) -> Iterator[int]:
        """Yield the contacts with an e-mail address, ignoring case; deleted contacts are omitted."""
        folded = email.casefold()
        candidates = set(self._written_emails.get(folded, ()))
        # Generated addresses contain the contact's number, so there is no need to search all of them.
        if (numbered := re.search(r"\.([0-9]{1,9})@", folded)) is not None:
            candidates |= {number for number in (int(numbered[1]) - 1,) if 0 <= number < self.count}
        for index in candidates:
            if self.email(index).casefold() == folded and not self.registry.is_deleted(index):
                yield index

    def email_was_written(self, index: int) -> None:
        """Index the e-mail address of a contact, so that ``with_email`` finds it."""
        self._written_emails[self.email(index).casefold()].add(index)

    def email(self, index: int) -> str:
        """Return the e-mail address of a contact."""
        return str(self._person(index).record["email"])

    def _row(self, index: int) -> DatedRow:
        """Return the sort keys of a generated contact; every fourth is as old as the one before."""
        created = _FIRST + (index - (index % 4 == 3)) * (_SPAN // max(1, self.count)) + index // 4 * 37 % 1000
        return DatedRow(index, created, created + index * 11 % 40 * DAY)

    def contact(self, index: int, *, prefix: str = "CONT", translated: bool = False) -> Record:
        """Return a contact as searches and single reads return it.

        Args:
            index: The index of the contact.
            prefix: The prefix of the friendly id, which differs between speakers and contacts.
            translated: Include the translations.
        """
        person = self._person(index)
        record = {
            **person.record,
            "friendly_id": f"{prefix}-{index + 1}",
            "custom_fields": self._custom_fields(person),
        }
        if translated:
            record["translated_fields"] = self._translations(person)
        record["admin_url"] = f"https://admin.example.com/contacts/{person.record['id']}"
        return record

    def in_session(
        self, index: int, role: Record, *, order: int, is_public: bool, translated: bool
    ) -> Record:
        """Return a contact as it appears in the sessions it takes part in."""
        person = self._person(index)
        contact = person.record
        # In sessions some people have every key, others only those with values.
        every_key = index % 4 == 0
        is_modified = self.registry.is_modified(index)
        record: Record = {
            "id": contact["id"],
            "participant_role": role,
            "friendly_id": f"SPK-{index + 1}",
            "friendly_id_raw": index + 1,
            **{key: contact[key] for key in _SESSION_KEYS},
            **{key: contact.get(key) for key in _SPARSE_SESSION_KEYS if every_key or contact.get(key)},
            "custom_fields": self._custom_fields(person) if index % 6 == 1 or is_modified else [],
            "order": order,
            "is_public": is_public,
        }
        if translated:
            record["translated_fields"] = self._translations(person)
        return record

    def at_account(self, index: int, *, is_primary: bool, since: int) -> Record:
        """Return a contact as it appears at the sponsors and exhibitors it works for."""
        contact = self._person(index).record
        return {
            "id": contact["id"],
            "friendly_id": f"CONT-{index + 1}",
            "friendly_id_raw": index + 1,
            **{key: contact[key] for key in _ACCOUNT_KEYS},
            "is_primary": is_primary,
            "contact_created_at": contact["created_at"],
            "contact_updated_at": contact["updated_at"],
            "relationship_created_at": iso_timestamp(since),
            "relationship_updated_at": iso_timestamp(since),
        }

    def _custom_fields(self, person: _Person) -> list[Record]:
        return self._fields.values("contact", person.custom_fields, write=offset_timestamp)

    def _translations(self, person: _Person) -> list[Record]:
        texts: list[tuple[str, Triple]] = [("about", person.about), ("title", person.title)]
        for name, held in person.custom_fields.items():
            if held.translated is not None:
                texts.append((name, (held.translated[0] or "", *held.translated[1:])))
        return self._fields.translations("contact", str(person.record["id"]), texts)

    def _person(self, index: int) -> _Person:
        """Return the current contact: generated from the seed, or empty if created, overlaid with writes."""
        if not self.registry.is_modified(index):
            return self._generated(index)
        row = self.registry.row(index)
        dates = {"created_at": offset_timestamp(row.created), "updated_at": offset_timestamp(row.updated)}
        person = self._generated(index)
        if self.registry.is_created(index):
            record: Record = {name: self.id(index) if name == "id" else None for name in person.record}
            person = _Person(record, ("", "", ""), ("", "", ""), {})
        values, custom_fields = self.registry.stored_values(index) or StoredValues({}, person.custom_fields)
        title = (str(values["title"] or ""), "", "") if "title" in values else person.title
        return _Person({**person.record, **values, **dates}, person.about, title, custom_fields)

    def _make(self, index: int) -> _Person:
        draw = SeededRandom(self._seed, "contact", index)
        names = NAMES[index * 5 % len(NAMES)]
        (given, spelt_given), (family, spelt_family) = draw.pick(names.given), draw.pick(names.family)
        full_name = f"{family}{given}" if names.family_first else f"{given} {family}"
        job, bio, company, diet = draw.pick(JOBS), draw.pick(BIOS), draw.pick(COMPANIES), draw.pick(_DIETS)
        city, country, street = draw.pick(CITIES)
        spelt = f"{spelt_given}.{spelt_family}"
        has_photo = index % 6 != 4
        row = self._row(index)
        record: Record = {
            "id": self.id(index),
            "friendly_id": "",
            # People paste their names with stray white space, and the API returns it unchanged.
            "full_name": f"{given}  {family} " if index % 13 == 9 else full_name,
            "first_name": given,
            "last_name": f"{family} " if index % 13 == 9 else family,
            "email": f"{spelt}.{index + 1}@example.{'org' if index % 2 else 'com'}",
            "created_at": offset_timestamp(row.created),
            "updated_at": offset_timestamp(row.updated),
            "photo_url": f"https://images.example.com/people/{index + 1}.jpg" if has_photo else None,
            "company_name": f" {company} " if index % 17 == 6 else company,
            "title": job[0],
            "about": _about(given, bio[0]),
            "phone_home": None,
            "phone_mobile": f"+1 555 01{index % 100:02}" if index % 3 else None,
            "address_line_1": street,
            "address_line_2": None,
            "address_city": city,
            "address_state": None,
            "address_postal_code": f"{10000 + index % 90000}",
            "address_country": country,
            "website_url": f"https://{spelt_family}.example.org/" if index % 5 == 2 else None,
            "linkedin_url": f"https://social.example.com/in/{spelt}" if index % 2 else None,
            "twitter_url": None,
            "facebook_url": None,
            "pronouns": draw.pick(("she/her", "he/him", "they/them", None)),
            "languages": draw.pick(("English", "English, français", "Deutsch", "日本語", "")),
            "speaker_fee": "0" if index % 9 == 0 else None,
            "years_in_operation": str(index % 30) if index % 7 == 0 else None,
            "industry": draw.pick(("Culture", "Public sector", "Software", None)),
            "topic_expertise": draw.pick(("Archives", "Maps & routing", "Sensors", None)),
            **dict.fromkeys(_RARELY_FILLED),
            "custom_fields": [],
        }
        custom_fields = {
            "dietary_needs": FieldValue(diet[0], row.created, diet),
            "first_time_speaker": FieldValue(index % 3 == 0, row.created),
        }
        about = (
            _about(given, bio[0]),
            _about(given, bio[1]),
            "" if index % 8 == 5 else _about(given, bio[2]),
        )
        return _Person(record, about, job, custom_fields)


def _about(name: str, bio: str) -> str:
    return f"<p>{name} {bio}.</p>"
