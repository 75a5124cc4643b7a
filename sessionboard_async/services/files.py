"""Files of sessions, such as slides."""

from __future__ import annotations

from mimetypes import guess_type
from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, list_of
from sessionboard_async.core.http.transfers.source import FileContent, Source
from sessionboard_async.core.http.transfers.transfer import Transfer
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.sessions import Content
from sessionboard_async.models.uploads import FileUpload
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.ids.sessions import SessionLike, part_path, session_path
from sessionboard_async.services._common.payloads import Extra, Writable, payload
from sessionboard_async.services._common.service import Service
from sessionboard_async.services._common.upload_limits import (
    LARGEST_FILE,
    LARGEST_FORM_FILE,
    RequiredUpload,
    check_size,
)


class FileUpdate(TypedDict, total=False):
    """Values that update a file, without its bytes.

    Attributes:
        title: The public title.
        assigned_participant_id: The participant that the file belongs to.
    """

    title: Writable[str]
    assigned_participant_id: Writable[Id]


class FileCreate(RequiredUpload, FileUpdate, total=False):
    """Values that announce a file; ``filename`` and ``size_bytes`` are required.

    Attributes:
        filename: The name of the file.
        size_bytes: The size in bytes, 1 to 524288000.
        title: The public title.
        assigned_participant_id: The participant that the file belongs to.
        content_type: The content type, such as ``application/pdf``.
        mimetype: The content type, under another name that the API accepts.
    """

    content_type: Writable[str]
    mimetype: Writable[str]


_ALL = "/v1/event/{event_id}/sessions/{session_id}/files"
_ONE = f"{_ALL}/{{file_id}}"
_READ = "read:sessions"
_WRITE = "write:sessions"


class Files(Service):
    """Files of sessions. To upload one: ``create``, ``sb.send_file``, ``complete``; or ``upload``."""

    _LIST: Endpoint[Content] = Endpoint("list-session-files", "GET", _ALL, list_of(Content), scope=_READ)
    _CREATE: Endpoint[FileUpload] = Endpoint("create-session-file", "POST", _ALL, FileUpload, scope=_WRITE)
    _UPLOAD: Endpoint[Content] = Endpoint(
        "upload-session-file", "POST", f"{_ALL}/upload", Content, scope=_WRITE
    )
    _COMPLETE: Endpoint[Content] = Endpoint(
        "complete-session-file", "POST", f"{_ONE}/complete", Content, scope=_WRITE
    )
    _REPLACE: Endpoint[FileUpload] = Endpoint(
        "replace-session-file", "POST", f"{_ONE}/replace", FileUpload, scope=_WRITE
    )
    _UPDATE: Endpoint[Content] = Endpoint("update-session-file", "PUT", _ONE, Content, scope=_WRITE)
    _DELETE: Endpoint[None] = Endpoint("delete-session-file", "DELETE", _ONE, None, scope=_WRITE)

    def list(
        self, event_id: EventLike, session_id: SessionLike, **options: Unpack[PagerOptions]
    ) -> Pager[Content]:
        """List the complete files of a session, each in its latest version.

        Scope ``read:sessions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            **options: Paging, as in ``PagerOptions``; matters only with servers that answer in pages.

        Returns:
            A pager of files.

        Raises:
            ValueError: If an id is empty.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._pages(self._LIST, session_path(event_id, session_id), **options)

    async def create(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        *,
        extra: Extra | None = None,
        **values: Unpack[FileCreate],
    ) -> FileUpload:
        """Announce a file of up to 500 MB, and get the address for its bytes.

        Scope ``write:sessions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            extra: More properties, under the API's names.
            **values: The upload, as in ``FileCreate``.

        Returns:
            The file, with the address in ``upload``: pass that to ``sb.send_file``, then call ``complete``.

        Raises:
            BadRequestError: If the API does not accept files of this type.
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or an id is ``None``.
            ValueError: If ``size_bytes`` is out of bounds, or an id is empty.
        """
        check_size(values, LARGEST_FILE)
        path = session_path(event_id, session_id)
        return await self._write(self._CREATE, path, FileCreate, values, extra)

    async def upload(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        source: Source,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        title: str | None = None,
        assigned_participant_id: Id | None = None,
    ) -> Content:
        """Upload a file of up to 50 MB in one request, read in pieces.

        Scope ``write:sessions``; no rate limit is documented; not retried when the outcome is unknown.
        ``Timeout.attempt`` limits the time without progress; ``Timeout.total`` does not apply. For larger
        files, see ``create``.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            source: Bytes, the path of a file, or an open binary file that can seek, read from its position.
            filename: The name of the file; by default that of the path.
            content_type: The content type, such as ``application/pdf``; by default guessed from the name. The
                API checks the bytes too.
            title: The public title.
            assigned_participant_id: The participant that the file belongs to.

        Returns:
            The uploaded file.

        Raises:
            BadRequestError: If the API does not accept the file.
            ValueError: If the file is empty, larger than 50 MB or has no name; a value cannot be sent
                in a header; or an id is empty.
            TypeError: If the source or a value has the wrong type, or an id is ``None``.
            OSError: If the source cannot be read.
        """
        content = FileContent(source, file_name=filename)
        if content.file_name is None:
            raise ValueError("the file has no name: pass filename")
        if not 1 <= content.size <= LARGEST_FORM_FILE:
            raise ValueError(
                f"a file must have 1 to {LARGEST_FORM_FILE} bytes, not {content.size}: see create"
            )
        given = {"title": title, "assigned_participant_id": assigned_participant_id}
        form = payload(FileUpdate, {name: value for name, value in given.items() if value is not None})
        transfer = Transfer(
            content=content,
            form={name: str(value) for name, value in form.items()},
            content_type=content_type or guess_type(content.file_name)[0],
        )
        path = session_path(event_id, session_id)
        return await self._upload(self._UPLOAD, path, transfer)

    async def complete(self, event_id: EventLike, session_id: SessionLike, file_id: Content | Id) -> Content:
        """Complete the upload of a file; the API then scans it.

        Scope ``write:sessions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            file_id: The file, or its id.

        Returns:
            The updated file. Some servers give it another id.

        Raises:
            BadRequestError: If the bytes are missing, or the API does not accept the file.
            NotFoundError: If the file does not exist.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(
            self._COMPLETE, part_path(event_id, session_id, "file_id", file_id, Content)
        )

    async def replace(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        file_id: Content | Id,
        *,
        extra: Extra | None = None,
        **values: Unpack[FileCreate],
    ) -> FileUpload:
        """Announce new bytes for a file, and get the address for them.

        Scope ``write:sessions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            file_id: The file, or its id.
            extra: More properties, under the API's names.
            **values: The upload, as in ``FileCreate``.

        Returns:
            The file, with the address in ``upload``, as from ``create``.

        Raises:
            BadRequestError: If the API does not accept files of this type.
            NotFoundError: If the file does not exist.
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or an id is ``None``.
            ValueError: If ``size_bytes`` is out of bounds, or an id is empty.
        """
        check_size(values, LARGEST_FILE)
        path = part_path(event_id, session_id, "file_id", file_id, Content)
        return await self._write(self._REPLACE, path, FileCreate, values, extra)

    async def update(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        file_id: Content | Id,
        *,
        extra: Extra | None = None,
        **values: Unpack[FileUpdate],
    ) -> Content:
        """Update a file, but not its bytes, which ``replace`` does. Only the fields you pass are sent.

        Scope ``write:sessions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            file_id: The file, or its id.
            extra: More properties, under the API's names; the API ignores those that it does not know.
            **values: The values to change, as in ``FileUpdate``; ``None`` clears a value.

        Returns:
            The updated file.

        Raises:
            NotFoundError: If the file does not exist.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        path = part_path(event_id, session_id, "file_id", file_id, Content)
        return await self._write(self._UPDATE, path, FileUpdate, values, extra)

    async def delete(self, event_id: EventLike, session_id: SessionLike, file_id: Content | Id) -> None:
        """Delete a file from its session. No operation brings it back.

        Scope ``write:sessions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            file_id: The file, or its id.

        Raises:
            NotFoundError: If the file does not exist.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self._DELETE, part_path(event_id, session_id, "file_id", file_id, Content))
