"""Arguments accept the words of the API's document."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from sessionboard_async.services._common.filters import Expansion, SessionStatusName, Sort, StatusSort
from sessionboard_async.services._common.insights import ExecuteOptions
from sessionboard_async.services.content import ContentExpansion, Provider, Variant
from sessionboard_async.services.fields import FieldModule, FieldScope, FieldSource
from sessionboard_async.services.gdpr import GDPRIdentityType, GDPRRequestType
from sessionboard_async.services.oauth import TokenTypeHint
from sessionboard_async.services.transcriptions import TranscriptionType
from tests.contract.operations import OPERATIONS, items_of, properties_of, resolved, snake


def words(operation: str, *place: str) -> list[str]:
    """Return the values allowed for a query parameter, or for a property of the body."""
    schema: Any = OPERATIONS[operation].body or {}
    for step in place:
        parameter = OPERATIONS[operation].query.get(step)
        schema = resolved(parameter["schema"] if parameter else properties_of(schema)[step])
    return list((items_of(schema) or schema)["enum"])


@pytest.mark.parametrize(
    ("ours", "operation", "place"),
    [
        (SessionStatusName, "search-sessions", "filters.status"),
        (SessionStatusName, "search-rooms", "filters.status"),
        (SessionStatusName, "search-sessions-by-status", "filters.status"),
        (Expansion, "search-sessions", "expand"),
        (Expansion, "list-sessions", "expand"),
        (Expansion, "get-session", "expand"),
        (FieldModule, "search-fields", "filters.module"),
        (FieldSource, "search-fields", "filters.source"),
        (FieldScope, "search-fields", "filters.scope"),
        (TranscriptionType, "list-event-transcriptions", "type"),
        (TranscriptionType, "create-transcription", "type"),
        (Provider, "list-event-content", "provider"),
        (Provider, "get-session-content", "provider"),
        (Variant, "download-event-content-document", "variant"),
        (GDPRRequestType, "create-gdpr-request", "requestType"),
        (GDPRIdentityType, "create-gdpr-request", "identityType"),
        (TokenTypeHint, "oauth-revoke", "token_type_hint"),
    ],
)
def test_an_argument_accepts_the_words_of_the_document(ours: Any, operation: str, place: str) -> None:
    assert list(get_args(ours)) == words(operation, *place.split("."))


@pytest.mark.parametrize(
    ("ours", "operation"), [(Sort, "search-sessions"), (StatusSort, "search-sessions-by-status")]
)
def test_sorts_are_those_of_the_document(ours: Any, operation: str) -> None:
    fields = {snake(word) for word in words(operation, "sort", "order")}
    assert {*get_args(ours)} == fields | {f"-{field}" for field in fields}
    assert words(operation, "sort", "sort") == ["asc", "desc"]


def test_rows_are_sorted_in_the_directions_of_the_document() -> None:
    direction = get_type_hints(ExecuteOptions)["sort_direction"]
    ours = [word for option in get_args(direction) for word in get_args(option)]
    assert ours == words("execute-query", "sortDirection")


def test_pieces_of_content_are_words_that_only_a_description_lists() -> None:
    described = OPERATIONS["list-event-content"].query["expand"]
    assert "enum" not in described["schema"]
    assert sorted(get_args(ContentExpansion)) == described["words"]
