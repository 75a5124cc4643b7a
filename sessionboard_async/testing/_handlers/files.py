"""Handlers of session files."""

from __future__ import annotations

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import refuse_unknown
from sessionboard_async.testing._data.session_files import LARGEST_FORM_FILE, SessionFile, SessionFiles
from sessionboard_async.testing._data.upload_rules import (
    UPLOAD_PROPERTIES,
    UploadRequest,
    type_of,
    validate_filename,
)
from sessionboard_async.testing._writes.requests import (
    Handler,
    HandlerReply,
    HandlerRequest,
    event_of,
    read_values,
    session_of,
)
from sessionboard_async.testing.multipart import read_form

_CHANGES: dict[str, type] = {"title": str, "assigned_participant_id": str}
_REQUIRED = ("filename", "size_bytes")


def _files(organization: Organization, call: HandlerRequest) -> tuple[SessionFiles, SessionRow]:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    return event.files, session_of(event, call)


def _file(organization: Organization, call: HandlerRequest) -> tuple[SessionFiles, SessionRow, SessionFile]:
    files, row = _files(organization, call)
    return files, row, files.find(row, call.path["file_id"])


def _list_files(organization: Organization, call: HandlerRequest) -> object:
    files, row = _files(organization, call)
    return {"data": files.records(row)}


def _create_file(organization: Organization, call: HandlerRequest) -> object:
    files, row = _files(organization, call)
    values = read_values(call.json(), UPLOAD_PROPERTIES | _CHANGES, required=_REQUIRED)
    file, address = files.request_upload(row, values)
    return HandlerReply({"data": {**files.record(file), "upload": address}}, 201)


def _replace_file(organization: Organization, call: HandlerRequest) -> object:
    files, row, file = _file(organization, call)
    values = read_values(call.json(), UPLOAD_PROPERTIES | _CHANGES, required=_REQUIRED)
    _, address = files.request_upload(row, values, file)
    return {"data": {**files.record(file), "upload": address}}


def _upload_file(organization: Organization, call: HandlerRequest) -> object:
    files, row = _files(organization, call)
    form = read_form(call.headers.get("Content-Type", ""), call.body)
    sent = form.get("file")
    if sent is None or not sent.filename:
        raise RequestError(400, "the form has no file in the field 'file'")
    if not 1 <= len(sent.body) <= LARGEST_FORM_FILE:
        raise RequestError(400, f"a file that comes as a form must have 1 to {LARGEST_FORM_FILE} bytes")
    filename = validate_filename(sent.filename)
    requested = UploadRequest(filename, len(sent.body), type_of(filename, sent.content_type))
    values: Record = {name: form[name].text for name in _CHANGES if name in form}
    if values.get("title") == "":
        values["title"] = None
    return HandlerReply({"data": files.record(files.upload(row, requested, values, sent.body))}, 201)


def _complete_file(organization: Organization, call: HandlerRequest) -> object:
    files, _, file = _file(organization, call)
    files.complete(file)
    return {"data": files.record(file)}


def _update_file(organization: Organization, call: HandlerRequest) -> object:
    files, _, file = _file(organization, call)
    files.update(file, read_values(call.json(), _CHANGES))
    return {"data": files.record(file)}


def _delete_file(organization: Organization, call: HandlerRequest) -> object:
    files, row, file = _file(organization, call)
    files.delete(row, file)
    return HandlerReply(status=204)


OPERATIONS: dict[str, Handler] = {
    "list-session-files": _list_files,
    "create-session-file": _create_file,
    "upload-session-file": _upload_file,
    "complete-session-file": _complete_file,
    "replace-session-file": _replace_file,
    "update-session-file": _update_file,
    "delete-session-file": _delete_file,
}
