"""Media of the sessions of one event: multipart uploads, and the progress of transcripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.seeded import uuid_for
from sessionboard_async.testing._data.storage import StoredObject
from sessionboard_async.testing._data.upload_rules import UploadRequest
from sessionboard_async.testing._writes.transcripts import Transcripts

NOT_MEDIA = b"NOT MEDIA"
"""Files that begin with these bytes cannot be transcribed."""

PART_SIZE = 5 * 1024 * 1024
"""The size of parts in bytes, apart from the last one: the minimum of S3."""

LARGEST_PART_NUMBER = 10_000

_STAGES = ("queued", "processing", "ready")


@dataclass(frozen=True)
class MultipartUpload:
    """A multipart upload in progress."""

    id: str
    key: str
    session_id: str
    content_type: str

    def part_key(self, number: int) -> str:
        """Return the storage key of one part."""
        return f"{self.key}/{self.id}/{number}"


class MediaLibrary:
    """The media of the sessions of one event.

    Args:
        event: The event.
    """

    def __init__(self, event: EventData) -> None:
        self._event = event
        self._items = event.store("media item")
        self._uploads: dict[str, MultipartUpload] = {}
        self._begun = 0
        self._reads: Counter[str] = Counter()

    def initiate(self, session_id: str, requested: UploadRequest) -> MultipartUpload:
        """Start an upload."""
        self._begun += 1
        id_ = uuid_for(self._event.id, "media upload", self._begun)
        key = f"media/{self._event.id}/{self._begun}/{requested.filename}"
        upload = self._uploads[id_] = MultipartUpload(id_, key, session_id, requested.content_type)
        return upload

    def find(self, session_id: str, key: object, upload_id: object) -> MultipartUpload:
        """Return an upload in progress.

        Raises:
            RequestError: With 404 if there is none.
        """
        upload = self._uploads.get(upload_id) if isinstance(upload_id, str) else None
        if upload is None or (upload.key, upload.session_id) != (key, session_id):
            raise RequestError(404, "there is no such upload")
        return upload

    def abort(self, upload: MultipartUpload) -> None:
        """Abort an upload and remove its parts."""
        del self._uploads[upload.id]
        self._event.storage.remove_below(f"{upload.key}/{upload.id}/")

    def complete(
        self,
        upload: MultipartUpload,
        parts: Sequence[tuple[int, str]],
        values: Mapping[str, object],
    ) -> Record:
        """Complete an upload.

        Args:
            upload: The upload.
            parts: The number and the ``ETag`` of each part.
            values: The ``filename``, the ``size_bytes``, and optionally the ``duration_seconds``.

        Returns:
            The media item.

        Raises:
            RequestError: With 400 if the parts differ from the uploaded ones, or are not in order.
        """
        numbers = [number for number, _ in parts]
        if not numbers or sorted(set(numbers)) != numbers:
            raise RequestError(400, "parts must be given, each once, in ascending order")
        body = bytearray()
        for number, etag in parts:
            stored = self._event.storage.find(upload.part_key(number))
            if stored is None or stored.etag.strip('"') != etag.strip('"'):
                raise RequestError(400, f"part {number} was not uploaded, or its etag differs")
            body += stored.body
        if len(body) != values["size_bytes"]:
            raise RequestError(400, f"the parts have {len(body)} bytes instead of {values['size_bytes']}")
        self.abort(upload)
        self._event.storage.put(upload.key, StoredObject(bytes(body), upload.content_type))
        duration = values.get("duration_seconds")
        return self._items.create(
            {
                "type": "media_item",
                "title": PurePosixPath(str(values["filename"])).stem,
                "platform": "upload",
                "kind": "audio" if upload.content_type.startswith("audio/") else "video",
                "event_id": self._event.id,
                "session_id": upload.session_id,
                "media_s3_key": upload.key,
                "transcript_status": _STAGES[0],
                **({} if duration is None else {"duration_seconds": duration}),
            }
        )

    def read(self, row: SessionRow, item_id: str) -> tuple[Record, bool]:
        """Return a media item, and whether its transcript advanced: each read after the first advances it.

        Raises:
            RequestError: With 404 if there is none.
        """
        item = self._items.get(item_id)
        if item["session_id"] != self._event.agenda.id(row):
            raise RequestError(404, "there is no such media item")
        status = _STAGES[min(self._reads[item_id], len(_STAGES) - 1)]
        self._reads[item_id] += 1
        stored = self._event.storage.find(str(item["media_s3_key"]))
        if status == "ready" and (stored is None or stored.body.startswith(NOT_MEDIA)):
            status = "failed"
        if status == item["transcript_status"]:
            return item, False
        if status == "ready":
            fragment = {"type": "fragment", "transcription": f"What was heard in {item['title']}."}
            source = {"speaker": "Speaker 1", "provider": "embedded", "language_code": "en"}
            self._event.part(Transcripts).create(row, fragment | source)
        return self._items.update(item_id, {"transcript_status": status}), True
