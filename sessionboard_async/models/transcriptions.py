"""Single transcriptions: fragments of speech, and texts made from them."""

from __future__ import annotations

from sessionboard_async.models.base import Timestamp
from sessionboard_async.models.kinds import KindRecord, Kinds


class Transcription(KindRecord, frozen=True, kw_only=True):
    """A text about a session; of an unknown kind, unless it is of a subclass.

    All kinds have the same fields in the API's document. Further fields are in ``as_sent``.

    Attributes:
        type: The kind, an open string: ``fragment``, ``summary``, ``insight``, ``translation``, or an unknown
            one.
        transcription: The text.
        speaker: The speaker.
        is_partial: Whether the sentence is still incomplete.
        provider: The provider of the model that wrote it.
        language_code: The language, if the server sends it; in the API's document it is only a filter.
    """

    session_id: str | None = None
    transcription: str | None = None
    speaker: str | None = None
    is_partial: bool | None = None
    provider: str | None = None
    language_code: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None

    @classmethod
    def kinds(cls) -> Kinds:
        """Return the class of each kind by its ``type``."""
        return _TRANSCRIPTIONS


class TranscriptionFragment(Transcription, frozen=True, kw_only=True):
    """A piece of what was said in a session."""


class TranscriptionSummary(Transcription, frozen=True, kw_only=True):
    """A summary of what was said."""


class TranscriptionInsight(Transcription, frozen=True, kw_only=True):
    """An insight from what was said."""


class TranscriptionTranslation(Transcription, frozen=True, kw_only=True):
    """A translation of what was said."""


_TRANSCRIPTIONS: dict[str, type[Transcription]] = {
    "fragment": TranscriptionFragment,
    "summary": TranscriptionSummary,
    "insight": TranscriptionInsight,
    "translation": TranscriptionTranslation,
}
