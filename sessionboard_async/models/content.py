"""What the API makes of what was said: packs of content, and the single items in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import EventId, OpenRecord, Record, Timestamp
from sessionboard_async.models.kinds import KindRecord, Kinds


class ContentSpeaker(Record, frozen=True, kw_only=True):
    """Who speaks, as far as a transcript knows.

    Attributes:
        label: How the transcript tells them apart.
        name: The name, where it is known.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id",)

    id: str | None = None
    label: str | None = None
    name: str | None = None


_NOBODY = ContentSpeaker()


class TranscriptionElement(OpenRecord, frozen=True, kw_only=True):
    """One stretch of a transcript.

    Attributes:
        value: What was said.
        start_time: Where it begins in the recording, in seconds.
        end_time: Where it ends.
        fragment_ids: The transcriptions that it was composed of.
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
    """What all items of content have in common.

    Each is one of the classes below it: tell them apart with ``isinstance`` or ``match``. The API's document
    does not say which kind has which fields, so one that a class lacks may still be in ``as_sent``.

    Attributes:
        type: The kind, an open string: ``transcription``, ``summary``, ``insight``, ``podcast``,
            ``document``, ``recap``, or one that this library does not know.
        session_id: The session that it is about; ``None`` for the whole event.
    """

    session_id: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class ComposedTranscription(BaseContentItem, frozen=True, kw_only=True):
    """The whole transcript of a session, composed of its fragments.

    Attributes:
        text: All of it.
        elements: It in stretches; empty unless ``items`` was expanded.
        fragment_count: How many fragments it was composed of.
        interval_sec: How long a stretch is, in seconds.
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
        provider: Whose model wrote it, such as ``claude``.
    """

    text: str | None = None
    language_code: str | None = None
    summary_type: str | None = None
    provider: str | None = None
    content: dict[str, Any] | None = None
    topics: tuple[dict[str, Any], ...] | None = None


class Insight(BaseContentItem, frozen=True, kw_only=True):
    """Something worth knowing that was found in a session."""

    text: str | None = None
    language_code: str | None = None
    insight_type: str | None = None
    name: str | None = None
    provider: str | None = None
    content: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class Podcast(BaseContentItem, frozen=True, kw_only=True):
    """A session as something to listen to.

    Attributes:
        status: How far its making is.
        url: Where it is, once it is there.
        expires_at: When that address ends.
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
        document_type: What to pass on to download it: ``summary_pdf``, ``summary_card`` or ``event_report``.
        status: How far its making is.
        url: Where it is, once it is there.
        expires_at: When that address ends.
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
    """What an event was about: quotes, topics, and pieces of summaries."""

    text: str | None = None
    scope: str | None = None
    quotes: tuple[dict[str, Any], ...] | None = None
    topics: tuple[dict[str, Any], ...] | None = None
    summaries: tuple[dict[str, Any], ...] | None = None
    generated_at: Timestamp | None = None


class ContentItem(BaseContentItem, frozen=True, kw_only=True):
    """An item of a kind that is not known: with the fields of all of them."""

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
    # What is decoded; each item then becomes one of its own kind.
    ContentItems = tuple[ContentItem, ...]


class _Pack(OpenRecord, frozen=True, kw_only=True):
    updated_at: Timestamp | None = None
    items: ContentItems | None = None

    def __post_init__(self) -> None:
        if self.items:
            force_setattr(self, "items", tuple(item.in_its_kind() for item in self.items))


class SessionContent(_Pack, frozen=True, kw_only=True):
    """Everything that was made of one session: transcript, summaries, insights, podcast, documents.

    Attributes:
        id: The session.
        title: The title of the session.
        speakers: Who speaks in the transcript.
        items: What there is, each as a class of its kind.
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
    """What was made of a whole event.

    Attributes:
        id: The event.
        items: What there is, each as a class of its kind.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id",)

    id: EventId | None = None
