"""Where the library, or the embedded server, differs from the API's document on purpose, and why."""

from __future__ import annotations

_EVENT_ID = "an integer there, and a string on some servers"
_UNKNOWN_KIND = "the embedded server has one of a kind that nobody knows, to show that nothing breaks"
_NO_NAME = "the embedded server knows no accounts, so one that is made from an account has no name"
_FILE = "where rows are asked for in a `format`, a file comes"
_OPTIONS = "its twins take them: how rows are masked and paged must not depend on who owns the query"
_ONE_VALUE = "the document knows one value, which nobody has to pass"

_WITH_EVENT_ID = (
    *("Track", "Language", "Format", "OrgContactSessionSummary", "AgendaDraft", "EventRule", "Persona"),
    *("SessionContent", "MediaItem", "list-org-dashboards-convenience", "list-org-queries-convenience"),
)

DIFFERENCES: dict[tuple[str, str], str] = {
    ("update-field", "body name"): "the document leaves the body open; what creates a field is offered",
    ("update-field", "body type"): "as its name",
    ("update-field", "body module_id"): "as its name",
    ("update-transcription", "body transcription"): "the document leaves the body open; a text is offered",
    ("run-event-insights-query", "body obfuscatePii"): _OPTIONS,
    ("run-event-insights-query", "body page"): _OPTIONS,
    ("run-event-insights-query", "body limit"): _OPTIONS,
    ("oauth-authorize", "required response_type"): _ONE_VALUE,
    ("oauth-authorize", "required code_challenge_method"): _ONE_VALUE,
    ("oauth-token", "required grant_type"): "which method is called decides it",
    ("create-gdpr-request", "required identityType"): _ONE_VALUE,
    ("Event", "field id"): _EVENT_ID,
    ("EventContent", "field id"): _EVENT_ID,
    ("list-queries", "field eventId"): _EVENT_ID,
    **{(where, "field event_id"): _EVENT_ID for where in _WITH_EVENT_ID},
    ("CustomFieldValue", "field value"): "a string there, and any JSON value on the wire",
    ("ContentItem", "answer type"): _UNKNOWN_KIND,
    ("Transcription", "answer type"): _UNKNOWN_KIND,
    ("Sponsor", "answer name"): _NO_NAME,
    ("Exhibitor", "answer name"): _NO_NAME,
    ("execute-query", "answer text/csv"): _FILE,
    ("run-query", "answer text/csv"): _FILE,
    ("*", "answer null"): "what nobody filled in is null, though the document has hardly anything nullable",
}
"""The reason of each difference, by where it is: an operation or a schema, and what of it.

What it is begins with one of ``ASPECTS``.
"""

ASPECTS = {
    "query": "a parameter is sent that the document has not, or the other way round",
    "body": "so with a property",
    "required": "what the document requires need not be passed",
    "field": "a field of a model, and so perhaps of an answer, is of another type",
    "answer": "the embedded server answers otherwise, as the API itself does or may",
}
"""What may differ."""

NEVER_NULL = {"id", "name", "title", "created_at", "updated_at", "results", "data", "pagination"}
"""What no answer of the embedded server has null all the same."""


def listed(*aspects: str) -> set[tuple[str, str]]:
    """Return the differences of some aspects."""
    return {(where, what) for where, what in DIFFERENCES if what.partition(" ")[0] in aspects}
