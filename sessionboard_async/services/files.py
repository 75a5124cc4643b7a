"""Files of sessions, such as slides, step by step."""

from __future__ import annotations

from mimetypes import guess_type
from typing import TypedDict, Unpack, cast

from sessionboard_async.core.endpoint import Endpoint, list_of
from sessionboard_async.core.http.files import FileContent, Source, Transfer
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.base import EventId
from sessionboard_async.models.sessions import Content
from sessionboard_async.models.uploads import FileUpload
from sessionboard_async.services._common.paths import session_path
from sessionboard_async.services._common.payloads import Extra, Writable, payload
from sessionboard_async.services._common.service import Service
from sessionboard_async.services._common.upload_limits import (
    LARGEST_FILE,
    LARGEST_FORM_FILE,
    RequiredUpload,
    check_size,
)


class FileUpdate(TypedDict, total=False):
    """What changes a file, but for its bytes.

    Attributes:
        title: What people see.
        assigned_participant_id: The participant whose file it is.
    """

    title: Writable[str]
    assigned_participant_id: Writable[str]


class FileCreate(RequiredUpload, FileUpdate, total=False):
    """What announces a file; ``filename`` and ``size_bytes`` must be there.

    Attributes:
        filename: The name of the file.
        size_bytes: How many bytes will be uploaded, 1 to 524288000.
        content_type: What they are, such as ``application/pdf``.
        mimetype: The same under another name that the API takes.
    """

    content_type: Writable[str]
    mimetype: Writable[str]


_ALL = "/v1/event/{event_id}/sessions/{session_id}/files"
_ONE = f"{_ALL}/{{file_id}}"
_READ = "read:sessions"
_WRITE = "write:sessions"


class Files(Service):
    """Files of sessions: announce one, send its bytes to the address given, complete it."""

    LIST: Endpoint[Content] = Endpoint("list-session-files", "GET", _ALL, list_of(Content), scope=_READ)
    CREATE: Endpoint[FileUpload] = Endpoint("create-session-file", "POST", _ALL, FileUpload, scope=_WRITE)
    UPLOAD: Endpoint[Content] = Endpoint(
        "upload-session-file", "POST", f"{_ALL}/upload", Content, scope=_WRITE
    )
    COMPLETE: Endpoint[Content] = Endpoint(
        "complete-session-file", "POST", f"{_ONE}/complete", Content, scope=_WRITE
    )
    REPLACE: Endpoint[FileUpload] = Endpoint(
        "replace-session-file", "POST", f"{_ONE}/replace", FileUpload, scope=_WRITE
    )
    UPDATE: Endpoint[Content] = Endpoint("update-session-file", "PUT", _ONE, Content, scope=_WRITE)
    DELETE: Endpoint[None] = Endpoint("delete-session-file", "DELETE", _ONE, None, scope=_WRITE)

    def list(
        self, event_id: EventId | None, session_id: str | None, **options: Unpack[PagerOptions]
    ) -> Pager[Content]:
        """List the files of a session: the latest version of each, without those that are not complete.

        Args:
            event_id: The event.
            session_id: The session.
            **options: Paging, as in ``PagerOptions``. Pages matter only with servers that send them here.

        Returns:
            A stream of files. Scope ``read:sessions``; no limit is documented.

        Raises:
            ValueError: If an id is empty.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._pages(self.LIST, session_path(event_id, session_id), **options)

    async def create(
        self,
        event_id: EventId | None,
        session_id: str | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[FileCreate],
    ) -> FileUpload:
        """Announce a file of up to 500 MB, and learn where its bytes go.

        Scope ``write:sessions``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            extra: Further properties, under the API's own names.
            **values: What will be uploaded, as in ``FileCreate``.

        Returns:
            The file, with the address in ``upload``. The bytes go there with exactly its headers, and without
            the token; then call ``complete``.

        Raises:
            BadRequestError: If the API takes no files of this type.
            TypeError: If a value is unknown, missing or of the wrong type, or an id is ``None``.
            ValueError: If ``size_bytes`` is out of bounds, a value is masked, or an id is empty.
        """
        check_size(values, LARGEST_FILE)
        path = session_path(event_id, session_id)
        return await self._write(self.CREATE, path, FileCreate, values, extra)

    async def upload(
        self,
        event_id: EventId | None,
        session_id: str | None,
        source: Source,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        title: str | None = None,
        assigned_participant_id: str | None = None,
    ) -> Content:
        """Upload a file of up to 50 MB in one request, read in pieces.

        Scope ``write:sessions``; no limit is documented; not sent again once it may have arrived.
        ``Timeout.attempt`` bounds how long nothing may move; ``Timeout.total`` does not apply. Larger files
        go the way of ``create``.

        Args:
            event_id: The event.
            session_id: The session.
            source: Bytes, the path of a file, or an open binary file that can seek, from where it stands.
            filename: The name of the file; by default that of the path.
            content_type: What it is, such as ``application/pdf``; by default what its name says. The API
                looks at the bytes too.
            title: What people see.
            assigned_participant_id: The participant whose file it is.

        Returns:
            The file as it is on the session.

        Raises:
            BadRequestError: If the API takes no such file.
            ValueError: If it is empty or larger than 50 MB, has no name, a value is masked or no header can
                carry it, or an id is empty.
            TypeError: If the source or a value is something else, or an id is ``None``.
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
            form=cast("dict[str, str]", form),
            content_type=content_type or guess_type(content.file_name)[0],
        )
        path = session_path(event_id, session_id)
        return await self._upload(self.UPLOAD, path, transfer)

    async def complete(
        self, event_id: EventId | None, session_id: str | None, file_id: str | None
    ) -> Content:
        """Tell that all bytes of a file are there; the API then looks whether it is harmless.

        Scope ``write:sessions``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            file_id: Its id.

        Returns:
            The file as it is now. Some servers give it another id now.

        Raises:
            BadRequestError: If the bytes are not there, or the API takes no such file.
            NotFoundError: If there is no file with this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self.COMPLETE, session_path(event_id, session_id, file_id=file_id))

    async def replace(
        self,
        event_id: EventId | None,
        session_id: str | None,
        file_id: str | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[FileCreate],
    ) -> FileUpload:
        """Announce other bytes for a file, and learn where they go.

        Scope ``write:sessions``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            file_id: Its id.
            extra: Further properties, under the API's own names.
            **values: What will be uploaded, as in ``FileCreate``.

        Returns:
            The file, with the address in ``upload``, as from ``create``.

        Raises:
            BadRequestError: If the API takes no files of this type.
            NotFoundError: If there is no file with this id.
            TypeError: If a value is unknown, missing or of the wrong type, or an id is ``None``.
            ValueError: If ``size_bytes`` is out of bounds, a value is masked, or an id is empty.
        """
        check_size(values, LARGEST_FILE)
        path = session_path(event_id, session_id, file_id=file_id)
        return await self._write(self.REPLACE, path, FileCreate, values, extra)

    async def update(
        self,
        event_id: EventId | None,
        session_id: str | None,
        file_id: str | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[FileUpdate],
    ) -> Content:
        """Change what is passed of a file, and nothing else; ``replace`` changes its bytes.

        Scope ``write:sessions``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            file_id: Its id.
            extra: Further properties, under the API's own names; the API passes over those it does not know.
            **values: What shall change, as in ``FileUpdate``; ``None`` clears.

        Returns:
            The file as it is now.

        Raises:
            NotFoundError: If there is no file with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        path = session_path(event_id, session_id, file_id=file_id)
        return await self._write(self.UPDATE, path, FileUpdate, values, extra)

    async def delete(self, event_id: EventId | None, session_id: str | None, file_id: str | None) -> None:
        """Delete a file from its session. No operation brings it back.

        Scope ``write:sessions``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            file_id: Its id.

        Raises:
            NotFoundError: If there is no file with this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self.DELETE, session_path(event_id, session_id, file_id=file_id))
