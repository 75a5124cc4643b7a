"""What Schemathesis reports about the embedded server, and why it stays."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.contract.differences import DIFFERENCES
from tests.contract.schemathesis.report import Finding


@dataclass(frozen=True)
class Accepted:
    """Reports that are alike.

    Attributes:
        check: The type of the report.
        what: A regular expression for its text.
        reason: Why it stays.
    """

    check: str
    what: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Return whether a report is one of these."""
        return finding.check == self.check and re.fullmatch(self.what, finding.what, re.DOTALL) is not None


_STRICT = "unknown names are refused, so that a mistyped one fails a test instead of matching everything"
_BOUND = "the document leaves out the bounds and the words that the API describes or enforces"
_EMPTY = "the document lets required texts be empty; such a name or query is never meant"
_UNKNOWN = "the document cannot say which ids and tokens exist"
_SBQL = "the document leaves out the grammar of queries"
_STATE = "the document cannot say what was written before"
_BULK = "each operation of a bulk request is answered on its own, with an error for an invalid one"

ACCEPTED: tuple[Accepted, ...] = (
    Accepted("JsonSchemaError", r"null is not of type .*", DIFFERENCES["*", "answer null"]),
    Accepted(
        "JsonSchemaError",
        r".* at /components/schemas/CustomFieldValue/properties/value",
        DIFFERENCES["CustomFieldValue", "field value"],
    ),
    Accepted(
        "JsonSchemaError",
        r".* 'oneOf' keyword at /components/schemas/Session/properties/subsessions/items.*",
        "the two forms of a subsession have all required properties in common; null counts as above",
    ),
    Accepted(
        "JsonSchemaError",
        r'"(quiz|chapter)" is not one of .*/(ContentItem|Transcription)/properties/type',
        DIFFERENCES["ContentItem", "answer type"],
    ),
    Accepted(
        "JsonSchemaError",
        r".* 'oneOf' keyword at /components/schemas/ContentItem/properties/id",
        "the document has a UUID or any text as the id of an item, and a UUID is both",
    ),
    Accepted("JsonSchemaError", r'".*" is not a "uuid" at /properties/results/items/properties/id', _BULK),
    Accepted(
        "UndefinedStatusCode",
        r"(400|404|409|413|415|417|422) .*",
        "the document lists few errors, and the API answers with more of them",
    ),
    Accepted("AcceptedNegativeData", r".*\boperations\b.*", _BULK),
    Accepted(
        "AcceptedNegativeData",
        r"in body - (\w+: Incorrect type|violates `type` at /properties/\w+ \(was .*, became null\))",
        "null clears a property, though the document declares few as nullable",
    ),
    Accepted(
        "AcceptedNegativeData",
        r"parameter `Authorization` in header .*|in header - violates .* at /properties/Authorization.*",
        "the token comes in `x-access-token` of each request",
    ),
    Accepted(
        "AcceptedNegativeData",
        r"in body - violates `enum` at /properties/token_type_hint( \(was .*\))?",
        "the hint only says where to look first (RFC 7009), so another one is ignored",
    ),
    Accepted(
        "AcceptedNegativeData",
        r"parameter `interval_sec` in query .* greater than maximum",
        "a longer interval is as good as the longest one",
    ),
    Accepted(
        "AcceptedNegativeData",
        r".*in query - violates `enum` at /properties/expand/items( \(was .*\))?",
        "an empty text expands nothing; tests of the server show that unknown words are refused",
    ),
    Accepted(
        "AllowHeaderMismatch",
        r"405 there is no .* for this path",
        "`…/create` is also a value of `…/{id}`, whose methods `Allow` names too",
    ),
    Accepted(
        "UnsupportedMethodResponse",
        r"(400|404|415) .*",
        "`…/create` and `…/upload` are also values of `…/{id}`, which has the method",
    ),
    Accepted(
        "RejectedPositiveData", r"400 the body is not a search: Object contains unknown field .*", _STRICT
    ),
    Accepted("RejectedPositiveData", r"400 unknown (filter|query parameter) .*", _STRICT),
    Accepted("RejectedPositiveData", r"400 the keys of sort must be one of .*", _STRICT),
    Accepted("RejectedPositiveData", r"400 \w+ is required", _EMPTY),
    Accepted("RejectedPositiveData", r"400 name or account_id is required", _EMPTY),
    Accepted(
        "RejectedPositiveData",
        r"400 filters\.\w+ must be an object with after, before or both",
        "the document lets an interval have neither end, which is never meant",
    ),
    Accepted("RejectedPositiveData", r"400 \S+ must be one of .*", _BOUND),
    Accepted("RejectedPositiveData", r"400 \S+ must be a whole number from .*", _BOUND),
    Accepted("RejectedPositiveData", r"400 \S+ must (not be negative|be at least .*|hold from .*)", _BOUND),
    Accepted("RejectedPositiveData", r"400 email must be an e-mail address", _BOUND),
    Accepted("RejectedPositiveData", r"400 starts_at must be before ends_at", _BOUND),
    Accepted("RejectedPositiveData", r"400 a file that comes as a form must have .*", _BOUND),
    Accepted("RejectedPositiveData", r"400 filename must be the name of a file, not a path", _BOUND),
    Accepted(
        "RejectedPositiveData",
        r"400 ((capacity|order|limit|page|eventId|size_bytes|file_size_bytes) must be of another type"
        r"|the id of an event must be a whole number)",
        "whole numbers have at most 64 bits",
    ),
    Accepted(
        "RejectedPositiveData", r"400 (a query begins with|the query|FIND must|only one query) .*", _SBQL
    ),
    Accepted("RejectedPositiveData", r"400 email belongs to another contact of the event", _STATE),
    Accepted("RejectedPositiveData", r"400 the (field|status) is a standard one[,;] .*", _STATE),
    Accepted("RejectedPositiveData", r"400 \w+ (is not the id|names|must be the id) .*", _UNKNOWN),
    Accepted("RejectedPositiveData", r"400 custom_fields: no field of .*", _UNKNOWN),
    Accepted("RejectedPositiveData", r"400 there is no such client", _UNKNOWN),
)
"""The reports that stay. Anything else is a fault, of the server or of this table."""


def listed(finding: Finding) -> Accepted | None:
    """Return the entry of the table that covers a report; ``None`` if there is none."""
    return next((accepted for accepted in ACCEPTED if accepted.covers(finding)), None)
