"""Content packs that the API makes from sessions, and their items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import EventId, OpenRecord, Record, Timestamp
from sessionboard_async.models.kinds import KindRecord, Kinds


class ContentSpeaker(Record, frozen=True, kw_only=True):
    """A speaker in a transcript.

    Attributes:
        label: The label of the speaker in the transcript.
        name: The name, if it is known.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id",)
    _short_form: ClassVar[str | None] = "name"

    id: str | None = None
    label: str | None = None
    name: str | None = None


_NOBODY = ContentSpeaker()


class TranscriptionElement(OpenRecord, frozen=True, kw_only=True):
    """An element of a transcript.

    Attributes:
        value: The text.
        start_time: The start in the recording, in seconds.
        end_time: The end in the recording, in seconds.
        fragment_ids: The transcriptions that it is composed of.
    """

    value: str | None = None
    speaker: ContentSpeaker | None = None
    start_time: float | None = None
    end_time: float | None = None
    fragment_ids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.speaker == _NOBODY:
            force_setattr(self, "speaker", None)


class BaseContentItem(KindRecord, frozen=True, kw_only=True):
    """The fields that all items of content share.

    Each item is of one of the subclasses: use ``isinstance`` or ``match``. The API's document does not list
    the fields of each kind, so a field that a class lacks may be in ``as_sent``.

    Attributes:
        type: The kind, an open string: ``transcription``, ``summary``, ``insight``, ``podcast``,
            ``document``, ``recap``, or an unknown one.
        session_id: The session; ``None`` for the whole event.
    """

    session_id: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class ComposedTranscription(BaseContentItem, frozen=True, kw_only=True):
    """The whole transcript of a session, composed from its fragments.

    Attributes:
        text: The whole text.
        elements: The text in elements; empty without the expansion ``items``.
        fragment_count: The number of fragments.
        interval_sec: The length of an element, in seconds.
    """

    text: str | None = None
    elements: tuple[TranscriptionElement, ...] | None = None
    fragment_count: int | None = None
    interval_sec: int | None = None
    language_code: str | None = None
    provider: str | None = None


class Summary(BaseContentItem, frozen=True, kw_only=True):
    """A summary of a session.

    Attributes:
        provider: The provider of the model that wrote it, such as ``claude``.
    """

    text: str | None = None
    language_code: str | None = None
    summary_type: str | None = None
    provider: str | None = None
    content: dict[str, Any] | None = None
    topics: tuple[dict[str, Any], ...] | None = None


class Insight(BaseContentItem, frozen=True, kw_only=True):
    """An insight from a session."""

    text: str | None = None
    language_code: str | None = None
    insight_type: str | None = None
    name: str | None = None
    provider: str | None = None
    content: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class Podcast(BaseContentItem, frozen=True, kw_only=True):
    """A podcast made from a session.

    Attributes:
        status: The progress of its production.
        url: The address, when it is complete.
        expires_at: The time when the address expires.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "type", "status")

    name: str | None = None
    language_code: str | None = None
    status: str | None = None
    url: str | None = None
    content_type: str | None = None
    duration_sec: int | None = None
    generated_at: Timestamp | None = None
    expires_at: Timestamp | None = None


class Document(BaseContentItem, frozen=True, kw_only=True):
    """A document to download: a summary as PDF or picture, or the report of an event.

    Attributes:
        document_type: The type to download it by: ``summary_pdf``, ``summary_card`` or ``event_report``.
        status: The progress of its production.
        url: The address, when it is complete.
        expires_at: The time when the address expires.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "type", "document_type", "status")

    name: str | None = None
    document_type: str | None = None
    content_type: str | None = None
    scope: str | None = None
    status: str | None = None
    url: str | None = None
    generated_at: Timestamp | None = None
    expires_at: Timestamp | None = None


class Recap(BaseContentItem, frozen=True, kw_only=True):
    """A recap of an event: quotes, topics, and parts of summaries."""

    text: str | None = None
    scope: str | None = None
    quotes: tuple[dict[str, Any], ...] | None = None
    topics: tuple[dict[str, Any], ...] | None = None
    summaries: tuple[dict[str, Any], ...] | None = None
    generated_at: Timestamp | None = None


class ContentItem(BaseContentItem, frozen=True, kw_only=True):
    """An item of an unknown kind, with the fields of all kinds."""

    text: str | None = None
    elements: tuple[TranscriptionElement, ...] | None = None
    fragment_count: int | None = None
    interval_sec: int | None = None
    language_code: str | None = None
    summary_type: str | None = None
    provider: str | None = None
    content: dict[str, Any] | None = None
    topics: tuple[dict[str, Any], ...] | None = None
    insight_type: str | None = None
    name: str | None = None
    metadata: dict[str, Any] | None = None
    status: str | None = None
    url: str | None = None
    duration_sec: int | None = None
    generated_at: Timestamp | None = None
    expires_at: Timestamp | None = None
    document_type: str | None = None
    content_type: str | None = None
    scope: str | None = None
    quotes: tuple[dict[str, Any], ...] | None = None
    summaries: tuple[dict[str, Any], ...] | None = None

    @classmethod
    def kinds(cls) -> Kinds:
        """Return the class of each kind by its ``type``."""
        return _ITEMS


_ITEMS: dict[str, type[BaseContentItem]] = {
    "transcription": ComposedTranscription,
    "summary": Summary,
    "insight": Insight,
    "podcast": Podcast,
    "document": Document,
    "recap": Recap,
}

if TYPE_CHECKING:
    ContentItems = tuple[BaseContentItem, ...]
else:
    # The decoded type; each item is then converted to the class of its kind.
    ContentItems = tuple[ContentItem, ...]


class _Pack(OpenRecord, frozen=True, kw_only=True):
    updated_at: Timestamp | None = None
    items: ContentItems | None = None

    def __post_init__(self) -> None:
        if self.items:
            force_setattr(self, "items", tuple(item.in_its_kind() for item in self.items))


class SessionContent(_Pack, frozen=True, kw_only=True):
    """The content pack of a session: transcript, summaries, insights, podcast, documents.

    Attributes:
        id: The session.
        title: The title of the session.
        speakers: The speakers in the transcript.
        items: The items, each in the class of its kind.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "title")

    id: str | None = None
    event_id: EventId | None = None
    title: str | None = None
    starts_at: Timestamp | None = None
    speakers: tuple[ContentSpeaker, ...] | None = None
    has_transcription: bool | None = None
    has_summary: bool | None = None
    has_podcast: bool | None = None


class EventContent(_Pack, frozen=True, kw_only=True):
    """The content pack of an event.

    Attributes:
        id: The event.
        items: The items, each in the class of its kind.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id",)

    id: EventId | None = None
