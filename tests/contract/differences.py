"""Intended differences between the package, or its embedded server, and the API's document."""

from __future__ import annotations

_EVENT_ID = "an integer in the document, and a string on some servers"
_UNKNOWN_KIND = "the embedded server has one of an unknown kind, to show that nothing breaks"
_NO_NAME = "the embedded server stores no accounts, so a record made from an account has no name"
_FILE = "with a `format`, the answer is a file"
_OPTIONS = "the same operation of the organization takes it, and both offer the same options"
_OPEN_BODY = "the document leaves the body open; the method takes the arguments of `create`"
_ONE_VALUE = "there is only one value, which the method sends itself"

_WITH_EVENT_ID = (
    *("Track", "Language", "Format", "OrgContactSessionSummary", "AgendaDraft", "EventRule", "Persona"),
    *("SessionContent", "MediaItem", "list-org-dashboards-convenience", "list-org-queries-convenience"),
)

DIFFERENCES: dict[tuple[str, str], str] = {
    (
        "update-field",
        "body name",
    ): _OPEN_BODY,
    ("update-field", "body type"): _OPEN_BODY,
    ("update-field", "body module_id"): _OPEN_BODY,
    (
        "update-transcription",
        "body transcription",
    ): _OPEN_BODY,
    ("run-event-insights-query", "body obfuscatePii"): _OPTIONS,
    ("run-event-insights-query", "body page"): _OPTIONS,
    ("run-event-insights-query", "body limit"): _OPTIONS,
    ("oauth-authorize", "required response_type"): _ONE_VALUE,
    ("oauth-authorize", "required code_challenge_method"): _ONE_VALUE,
    ("oauth-token", "required grant_type"): "each grant type has its own method",
    ("create-gdpr-request", "required identityType"): _ONE_VALUE,
    ("Event", "field id"): _EVENT_ID,
    ("EventContent", "field id"): _EVENT_ID,
    ("list-queries", "field eventId"): _EVENT_ID,
    **{(where, "field event_id"): _EVENT_ID for where in _WITH_EVENT_ID},
    ("CustomFieldValue", "field value"): "a string in the document, and any JSON value on the wire",
    ("ContentItem", "answer type"): _UNKNOWN_KIND,
    ("Transcription", "answer type"): _UNKNOWN_KIND,
    ("Sponsor", "answer name"): _NO_NAME,
    ("Exhibitor", "answer name"): _NO_NAME,
    ("execute-query", "answer text/csv"): _FILE,
    ("run-query", "answer text/csv"): _FILE,
    ("*", "answer null"): "empty properties are null, though the document declares few as nullable",
}
"""The reason for each difference, by operation or schema and by the part that differs.

The part begins with one of ``ASPECTS``.
"""

ASPECTS = {
    "query": "a parameter is sent that the document lacks, or the reverse",
    "body": "a property of the body is sent that the document lacks, or the reverse",
    "required": "a required value need not be passed",
    "field": "a field of a model, and perhaps of an answer, has another type",
    "answer": "the embedded server answers differently, as the API itself does or may",
}
"""The kinds of differences."""

NEVER_NULL = {"id", "name", "title", "created_at", "updated_at", "results", "data", "pagination"}
"""Properties that no answer of the embedded server may have null."""


def listed(*aspects: str) -> set[tuple[str, str]]:
    """Return the differences of some aspects."""
    return {(where, what) for where, what in DIFFERENCES if what.partition(" ")[0] in aspects}
