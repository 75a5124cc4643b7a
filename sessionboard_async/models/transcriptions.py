"""Single transcriptions: what was heard, and what was made of it."""

from __future__ import annotations

from sessionboard_async.models.base import Timestamp
from sessionboard_async.models.kinds import KindRecord, Kinds


class Transcription(KindRecord, frozen=True, kw_only=True):
    """A piece of text about a session; of a kind that is not known, unless it is of a class below this one.

    All kinds have the same fields in the API's document. What a kind has beyond them is in ``as_sent``.

    Attributes:
        type: The kind, an open string: ``fragment``, ``summary``, ``insight``, ``translation``, or one that
            this library does not know.
        transcription: The text.
        speaker: Who speaks.
        is_partial: Whether more of the sentence is still to come.
        provider: Whose model wrote it.
        language_code: Its language, where the server tells; the API's document names it only as a filter.
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
    """What was said, in the order in which it was heard."""


class TranscriptionSummary(Transcription, frozen=True, kw_only=True):
    """A summary of what was said."""


class TranscriptionInsight(Transcription, frozen=True, kw_only=True):
    """Something worth knowing that was found in what was said."""


class TranscriptionTranslation(Transcription, frozen=True, kw_only=True):
    """What was said, in another language."""


_TRANSCRIPTIONS: dict[str, type[Transcription]] = {
    "fragment": TranscriptionFragment,
    "summary": TranscriptionSummary,
    "insight": TranscriptionInsight,
    "translation": TranscriptionTranslation,
}
