"""A line about each table and column of a copy."""

from __future__ import annotations

TABLES = {
    "event": "The event; one row, none if the list of events does not have it.",
    "sessions": "The sessions of the event, submissions (is_abstract) included.",
    "speakers": "The speakers of the event.",
    "contacts": "The contacts of the event.",
    "sponsors": "The sponsors of the event.",
    "exhibitors": "The exhibitors of the event.",
    "fields": "The definitions of the event's standard and custom fields.",
    "rooms": "The rooms of the event.",
    "tracks": "The tracks of the event.",
    "tags": "The tags of the event.",
    "formats": "The formats of the event's sessions.",
    "levels": "The levels of the event's sessions.",
    "languages": "The languages of the event's sessions.",
    "statuses": "The statuses of the event's sessions.",
    "people": "The people on sessions, each once.",
    "session_people": "The people on each session, one row for each role of a person.",
    "session_tags": "The tags of each session.",
    "session_sponsors": "The sponsors of each session.",
    "session_exhibitors": "The exhibitors on each session.",
    "session_files": "The files of each session.",
    "sessionboard_copy": "The source of the copy and the state of its updates; one row.",
}
"""By table; ``table_description`` has those with custom fields and translations."""

_NESTED = {
    "custom_fields": "The values of the custom fields of each {}.",
    "translations": "The translated texts of each {}; needs the expansion translated_fields.",
}

_COLUMNS = {
    "id": "The id; the same in every copy, unlike friendly_id.",
    "record": "The whole record as JSON, as the API sent it.",
    "created_at": "The time of creation, in UTC.",
    "updated_at": "The time of the last change, in UTC.",
    "friendly_id": "The id shown to people, such as SESS-8; the prefix may change.",
    "position": "The place in the array of the record, from 0.",
    "name": "The name.",
    "order": "The place among the others in lists.",
    "color": "The color.",
    "capacity": "The number of seats.",
    # the event
    "timezone": "The time zone, such as America/Chicago.",
    "features": "The features that are switched on, as JSON.",
    # sessions
    "description": "The description, as HTML.",
    "status": "The API's status, such as accepted; there are more than its document lists.",
    "custom_status_id": "The id of the event's own status.",
    "custom_status": "The name of the event's own status.",
    "is_abstract": "1 for a submission, 0 for a session of the program.",
    "starts_at": "The start, in UTC; NULL if it is not scheduled.",
    "ends_at": "The end, in UTC; NULL if it is not scheduled.",
    "starts_local": "The start in the event's time zone, such as 2026-09-14 10:00:00.",
    "ends_local": "The end in the event's time zone.",
    "track_id": "The id of the track.",
    "track": "The name of the track.",
    "room_id": "The id of the room.",
    "room": "The name of the room.",
    "format_id": "The id of the format.",
    "format": "The name of the format.",
    "level_id": "The id of the level.",
    "level": "The name of the level.",
    "language_id": "The id of the language.",
    "language": "The name of the language.",
    "ceu_credits": "The credits for continuing education.",
    "client_session_id": "The id of the session in another system.",
    "external_url": "An address of the session elsewhere.",
    "parent_session_friendly_id": "The friendly_id of the session that it is a part of.",
    "sessions.title": "The title.",
    "sessions.is_public": "1 if the session is public, 0 if it is not.",
    # people, sponsors and exhibitors
    "full_name": "The full name.",
    "first_name": "The first name.",
    "last_name": "The last name.",
    "email": "The email address, masked for a token that hides personal data.",
    "company_name": "The company.",
    "title": "The job title.",
    "about": "The text about the person, as HTML.",
    "photo_url": "The address of the photo.",
    "phone": "The telephone number.",
    "phone_mobile": "The mobile telephone number, possibly masked.",
    "phone_home": "The home telephone number, possibly masked.",
    "linkedin_url": "The address of the LinkedIn profile.",
    "website_url": "The address of the website.",
    "logo_image_url": "The address of the logo.",
    "address_city": "The city.",
    "address_state": "The state.",
    "address_country": "The country.",
    # field definitions
    "fields.internal_name": "The name in custom_fields and translations.",
    "public_name": "The name shown to people.",
    "field_type": "The type, such as text or number.",
    "field_source": "standard or custom.",
    "scope": "global or event.",
    "contains_pii": "1 if the field holds personal data.",
    # statuses
    "statuses.status": "The API's status that it stands for.",
    "status_name": "The name inside the organization.",
    "is_custom": "1 if the event defines it, 0 if every event has it.",
    # inside records
    "session_id": "The session.",
    "speaker_id": "The speaker.",
    "contact_id": "The contact.",
    "sponsor_id": "The sponsor.",
    "exhibitor_id": "The exhibitor.",
    "tag_id": "The tag.",
    "person_id": "The person.",
    "role": "The name of the role.",
    "role_slug": "The short name of the role, such as speaker.",
    "core_role": "The role of the API that it stands for; never a label.",
    "session_participant_id": "The id of the person in this role on this session.",
    "session_people.is_public": "0 if the person is hidden on this session.",
    "file_id": "The id of the file.",
    "session_files.title": "The title.",
    "filename": "The name of the file.",
    "mimetype": "The media type, such as application/pdf.",
    "url": "The address to download it from, which may expire.",
    "size": "The size in bytes.",
    "assigned_participant_id": "The person whose file it is.",
    "assigned_participant_name": "The name of that person.",
    # custom fields and translations
    "field_id": "The id of the field.",
    "internal_name": "The internal name of the field.",
    "type": "The type of the field.",
    "value": "The value as text; lists and objects as JSON.",
    "value_number": "The value, if it is a number, or a text that is one.",
    "value_boolean": "1 for true and 0 for false.",
    "value_time": "The value, if it is a date, or a time with its offset: then in UTC.",
    "translations.value": "The translated text; blank if there is none.",
    "translated_language": "The language, as the API writes it.",
    "language_tag": "The language in one form: fr, fr-ca.",
    "parent_field_id": "The id of the field that is translated.",
    "parent_field_internal_name": "The internal name of that field, such as title.",
    "parent_field_name": "The name of that field.",
    "parent_field_source": "standard or custom.",
    # the copy
    "schema_version": "The version of these tables.",
    "event_id": "The event.",
    "base_url": "The address of the API, or the name of the source.",
    "expand": "The expansions in the records, as JSON.",
    "checkpoint": "How far the updates came, as JSON; never change it.",
}
"""By column; or by table and column, where a table means something else."""


def table_description(table: str) -> str:
    """Return the line about a table."""
    if (text := TABLES.get(table)) is not None:
        return text
    owner, _, kind = table.partition("_")
    return _NESTED[kind].format(owner)


def column_description(table: str, column: str) -> str:
    """Return the line about a column."""
    kind = table.partition("_")[2]
    keys = (f"{table}.{column}", f"{kind}.{column}", column)
    return next(_COLUMNS[key] for key in keys if key in _COLUMNS)
