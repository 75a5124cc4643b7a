"""Content of many kinds: each item is decoded as the class of its kind, and a wrong one spoils no page."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, page_of
from sessionboard_async.models import (
    BaseContentItem,
    ComposedTranscription,
    ContentItem,
    ContentSpeaker,
    Document,
    EventContent,
    Insight,
    Podcast,
    Recap,
    Record,
    SessionContent,
    Summary,
    Transcription,
    TranscriptionElement,
    TranscriptionFragment,
    TranscriptionInsight,
    TranscriptionSummary,
    TranscriptionTranslation,
)


def declared(operation_id: str, answer: Any) -> Endpoint[Any]:
    """Declare an operation and remove it from ENDPOINTS."""
    endpoint: Endpoint[Any] = Endpoint(operation_id, "GET", "/v1/event/{event_id}/things", answer)
    del ENDPOINTS[operation_id]
    return endpoint


PACKS = declared("test-list-content", page_of(SessionContent))
PACK = declared("test-get-content", SessionContent)
ITEM = declared("test-get-item", ContentItem)
TRANSCRIPTIONS = declared("test-list-transcriptions", page_of(Transcription))

KINDS: dict[str, type[BaseContentItem]] = {
    "transcription": ComposedTranscription,
    "summary": Summary,
    "insight": Insight,
    "podcast": Podcast,
    "document": Document,
    "recap": Recap,
}
TRANSCRIPTION_KINDS: dict[str, type[Transcription]] = {
    "fragment": TranscriptionFragment,
    "summary": TranscriptionSummary,
    "insight": TranscriptionInsight,
    "translation": TranscriptionTranslation,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
ITEM_FIELDS = [field.encode_name for field in msgspec.structs.fields(ContentItem)]
ITEMS = st.dictionaries(st.sampled_from([*ITEM_FIELDS, "mood"]), JSON, max_size=5)


def pack(*items: object) -> SessionContent:
    decoded: SessionContent = Decoders().record(PACK).decode(json.dumps({"id": "s", "items": items}).encode())
    return decoded


def item(sent: dict[str, Any]) -> BaseContentItem:
    decoded: BaseContentItem = Decoders().record(ITEM).decode(json.dumps(sent).encode())
    return decoded


def described(content: BaseContentItem) -> str | None:
    match content:
        case ComposedTranscription(elements=elements) if elements:
            return " ".join(element.value or "" for element in elements)
        case Summary(text=text):
            return text
        case Podcast(url=url):
            return url
        case ContentItem(type=type_):
            return f"a {type_}"
        case _:
            return None


def test_items_are_told_apart_by_their_class() -> None:
    content = pack(
        {"type": "transcription", "elements": [{"value": "Good"}, {"value": "morning"}]},
        {"type": "summary", "text": "They met."},
        {"type": "podcast", "url": "https://cdn.example/p.mp3"},
        {"type": "mind_map", "text": "o-o"},
        {"type": "insight", "name": "Mood"},
    )
    assert content.items is not None
    assert [described(one) for one in content.items] == [
        "Good morning",
        "They met.",
        "https://cdn.example/p.mp3",
        "a mind_map",
        None,
    ]


@pytest.mark.parametrize(("type_", "kind"), [*KINDS.items(), ("mind_map", ContentItem), (None, ContentItem)])
def test_every_kind_has_its_class_in_a_pack_and_alone(type_: str | None, kind: type[BaseContentItem]) -> None:
    sent = {"id": "i", "type": type_, "session_id": "s", "created_at": "2026-09-14T08:00:00Z", "mood": "calm"}
    (inside,) = pack(sent).items or ()
    alone = item({"data": sent})
    assert type(inside) is type(alone) is kind
    assert inside == alone
    assert (alone.id, alone.type, alone.session_id) == ("i", type_, "s")
    assert alone.as_sent == sent


def test_a_kind_has_only_its_own_fields_and_the_generic_one_has_them_all() -> None:
    of_all = set(ITEM_FIELDS)
    for kind in KINDS.values():
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        assert fields < of_all
    assert not hasattr(Summary(), "elements")
    assert not hasattr(Podcast(), "quotes")


@pytest.mark.parametrize("type_", [*KINDS, "mind_map"])
def test_every_field_that_a_kind_has_is_read(type_: str) -> None:
    sent = {
        "id": "i",
        "type": type_,
        "session_id": "s",
        "text": "t",
        "elements": [{"value": "v", "speaker": {"id": "1", "label": "A"}, "start_time": 0.5}],
        "fragment_count": 3,
        "interval_sec": 30,
        "language_code": "de",
        "summary_type": "short",
        "provider": "claude",
        "content": {"a": [1]},
        "topics": [{"name": "Trees"}],
        "insight_type": "quote",
        "name": "n",
        "metadata": {"b": 2},
        "status": "ready",
        "url": "https://cdn.example/x",
        "duration_sec": 61,
        "generated_at": "2026-09-14T08:00:00Z",
        "expires_at": "2026-09-15T08:00:00Z",
        "document_type": "summary_pdf",
        "content_type": "application/pdf",
        "scope": "event",
        "quotes": [{"text": "q"}],
        "summaries": [{"text": "s"}],
        "created_at": "2026-09-14T08:00:00Z",
        "updated_at": "2026-09-14T08:00:00Z",
    }
    read = item(sent)
    for field in msgspec.structs.fields(type(read)):
        if field.name != "as_sent":
            assert getattr(read, field.name) is not None, field.name
    if isinstance(read, ComposedTranscription):
        assert read.elements is not None
        assert read.elements[0] == TranscriptionElement(
            value="v",
            speaker=ContentSpeaker(id="1", label="A"),
            start_time=0.5,
            as_sent=sent["elements"][0],  # type: ignore[index]  # the value has another type than its siblings
        )


def test_nulls_among_items_are_passed_over_and_the_rest_stays_where_it_belongs() -> None:
    content = pack(None, {"type": "summary", "mood": "calm"}, None, {"type": "recap", "mood": "wild"})
    assert content.items is not None
    assert [(type(one), one.as_sent["mood"]) for one in content.items] == [(Summary, "calm"), (Recap, "wild")]


def test_a_wrong_guess_in_one_field_costs_only_that_field(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="sessionboard_async"):
        content = pack({"type": "summary", "text": "They met.", "topics": "trees"}, {"type": "podcast"})
    assert content.id == "s"
    assert content.items is not None
    summary, podcast = content.items
    assert isinstance(summary, Summary)
    assert (summary.text, summary.topics) == ("They met.", None)
    assert summary.as_sent["topics"] == "trees"
    assert isinstance(podcast, Podcast)
    assert "$.items[].topics" in caplog.text
    assert "trees" not in caplog.text


@pytest.mark.parametrize("items", [None, [], {}, "none", [[]]])
def test_a_pack_without_items_is_a_pack(items: object) -> None:
    body = json.dumps({"data": {"id": "s", "has_summary": False, "items": items}}).encode()
    content = Decoders().record(PACK).decode(body)
    assert (content.id, content.has_summary, content.items or None) == ("s", False, None)


@given(st.lists(st.lists(st.none() | ITEMS, max_size=3), max_size=3))
def test_no_item_can_make_a_page_unreadable(packs: list[list[dict[str, Any] | None]]) -> None:
    body = json.dumps({"data": [{"id": str(n), "items": items} for n, items in enumerate(packs)]}).encode()
    page = Decoders().pages(PACKS, SessionContent).decode(body, page=1)
    assert [content.id for content in page.results] == [str(n) for n in range(len(packs))]
    for content, items in zip(page.results, packs, strict=True):
        sent = [one for one in items if one is not None]
        assert [one.as_sent for one in content.items or ()] == sent
        for one, its in zip(content.items or (), sent, strict=True):
            type_ = its.get("type")
            assert type(one) is KINDS.get(type_ if isinstance(type_, str) else "", ContentItem)


@given(st.lists(ITEMS, max_size=3))
def test_packs_survive_being_written_pickled_and_copied(items: list[dict[str, Any]]) -> None:
    content = pack(*items)
    assert msgspec.json.decode(msgspec.json.encode(content), type=SessionContent) == content
    assert pickle.loads(pickle.dumps(content)) == content
    assert copy.deepcopy(content) == msgspec.structs.replace(content) == content


def test_a_pack_made_by_hand_sorts_its_items_too() -> None:
    recap = Recap(type="recap", quotes=({"text": "q"},))
    event = EventContent(items=(recap, ContentItem(type="summary", text="t", name="not of a summary")))
    assert event.items == (recap, Summary(type="summary", text="t"))


@pytest.mark.parametrize(
    ("type_", "kind"), [*TRANSCRIPTION_KINDS.items(), ("caption", Transcription), (None, Transcription)]
)
def test_transcriptions_are_of_the_class_of_their_kind(type_: str | None, kind: type[Transcription]) -> None:
    sent = {"id": "t", "type": type_, "transcription": "Good morning", "speaker": "Ada", "confidence": 0.9}
    body = json.dumps({"data": [sent], "pagination": {"currentPage": 1, "totalPages": 1}}).encode()
    (read,) = Decoders().pages(TRANSCRIPTIONS, Transcription).decode(body, page=1).results
    assert type(read) is kind
    assert (read.type, read.transcription, read.as_sent["confidence"]) == (type_, "Good morning", 0.9)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "type", "speaker", "is_partial"]), JSON), max_size=3))
def test_no_transcription_can_make_a_page_unreadable(sent: list[dict[str, Any]]) -> None:
    page = Decoders().pages(TRANSCRIPTIONS, Transcription).decode(json.dumps(sent).encode(), page=1)
    assert [one.as_sent for one in page.results] == sent


@pytest.mark.parametrize(
    "record",
    [
        pack({"id": "i", "type": "summary", "text": "A secret"}),
        item({"id": "i", "type": "podcast", "url": "https://cdn.example/?sig=A secret"}),
        item({"id": "i", "type": "mind_map", "text": "A secret"}),
        Transcription(id="t", transcription="A secret", speaker="A secret"),
        TranscriptionElement(value="A secret", speaker=ContentSpeaker(label="A secret")),
        ContentSpeaker(id="1", name="A secret"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_repr_shows_nothing_that_was_said(record: Record) -> None:
    assert repr(record).startswith(f"{type(record).__name__}(")
    assert "secret" not in repr(record)
