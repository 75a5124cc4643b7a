"""Handlers of session recordings."""

from __future__ import annotations

from pathlib import PurePosixPath

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import refuse_unknown
from sessionboard_async.testing._data.seeded import iso_timestamp
from sessionboard_async.testing._data.storage import BUCKET, StoredObject
from sessionboard_async.testing._data.store import RecordStore
from sessionboard_async.testing._data.upload_rules import UPLOAD_PROPERTIES, read_upload_request
from sessionboard_async.testing._writes.requests import (
    Handler,
    HandlerReply,
    HandlerRequest,
    Values,
    event_of,
    read_values,
    session_of,
)

NOT_AUDIO = b"NOT AUDIO"
"""Files that begin with these bytes cannot be converted to PCM."""

_PCM = {"encoding": "linear16", "sample_rate": 16_000, "channels": 1}
_PCM_BYTES_PER_SECOND = 32_000


def _recordings(organization: Organization, call: HandlerRequest) -> RecordStore:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    session_of(event, call)
    return event.store("recording")


def _recording(organization: Organization, call: HandlerRequest) -> tuple[RecordStore, Record]:
    recordings = _recordings(organization, call)
    record = recordings.get(call.path["recording_id"])
    if record["session_id"] != call.path["session_id"]:
        raise RequestError(404, "there is no such recording")
    return recordings, record


def _list_recordings(organization: Organization, call: HandlerRequest) -> object:
    records = _recordings(organization, call).all()
    return {"data": [record for record in records if record["session_id"] == call.path["session_id"]]}


def _get_recording(organization: Organization, call: HandlerRequest) -> object:
    return {"data": _recording(organization, call)[1]}


def _create_recording(organization: Organization, call: HandlerRequest) -> object:
    recordings = _recordings(organization, call)
    values = read_values(call.json(), UPLOAD_PROPERTIES, required=("filename", "size_bytes"))
    requested = read_upload_request(values)
    session_id = call.path["session_id"]
    key = f"recordings/{call.path['event_id']}/{session_id}/{len(recordings) + 1}/{requested.filename}"
    record = recordings.create(
        {
            "type": "recording",
            "session_id": session_id,
            "s3_bucket": BUCKET,
            "s3_key": key,
            "encoding": requested.content_type.partition("/")[2],
            "status": "recording",
            "file_size_bytes": requested.size,
            "started_at": iso_timestamp(organization.clock.read()),
        }
    )
    upload = organization.storage.upload_address(key, requested.content_type)
    return HandlerReply({"data": {**record, "upload": upload}}, 201)


def _complete_recording(organization: Organization, call: HandlerRequest) -> object:
    recordings, record = _recording(organization, call)
    known: Values = {"duration_seconds": (int, float), "file_size_bytes": int}
    values = read_values(call.json() if call.body else {}, known)
    if record["status"] == "completed":
        return {"data": record}
    key = str(record["s3_key"])
    stored = organization.storage.find(key)
    if stored is None or not stored.body or stored.body.startswith(NOT_AUDIO):
        message = "the recording could not be turned into PCM"
        return HandlerReply({"error": "TRANSCODE_ERROR", "message": message}, 422)
    normalized = str(PurePosixPath(key).with_suffix(".pcm"))
    organization.storage.remove(key)
    organization.storage.put(normalized, StoredObject(stored.body, "audio/L16"))
    duration, size = values.get("duration_seconds"), values.get("file_size_bytes")
    changes = {
        **_PCM,
        "s3_key": normalized,
        "status": "completed",
        "duration_seconds": len(stored.body) / _PCM_BYTES_PER_SECOND if duration is None else duration,
        "file_size_bytes": len(stored.body) if size is None else size,
        "completed_at": iso_timestamp(organization.clock.read()),
    }
    return {"data": recordings.update(str(record["id"]), changes)}


OPERATIONS: dict[str, Handler] = {
    "list-session-recordings": _list_recordings,
    "create-session-recording": _create_recording,
    "get-session-recording": _get_recording,
    "complete-session-recording": _complete_recording,
}
