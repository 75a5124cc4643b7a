"""Upload requests, and the rules by which uploads are refused."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from sessionboard_async.testing._data.errors import RequestError

UPLOAD_PROPERTIES: dict[str, type] = {
    "filename": str,
    "size_bytes": int,
    "content_type": str,
    "mimetype": str,
}
"""The properties of an upload request and their types; the first two are required."""

_UNKNOWN_TYPE = "application/octet-stream"
_DENIED_SUFFIXES = frozenset(
    {".apk", ".bat", ".cmd", ".com", ".dll", ".dmg", ".exe", ".jar", ".js", ".msi", ".ps1", ".sh", ".vbs"}
)
_DENIED_TYPES = frozenset(
    {"application/x-msdownload", "application/x-executable", "application/x-sh", "text/javascript"}
)
_DENIED_BEGINNINGS = (b"MZ", b"\x7fELF")


class UploadRequest(NamedTuple):
    """The declared name, size and type of an upload."""

    filename: str
    size: int
    content_type: str


def read_upload_request(values: Mapping[str, Any], *, most: int | None = None) -> UploadRequest:
    """Read an upload request.

    Args:
        values: A body checked against ``UPLOAD_PROPERTIES``, perhaps with ``content_type``
            or ``mimetype``.
        most: The maximum size in bytes; ``None`` for any.

    Raises:
        RequestError: With 400 if the size is out of range, or the name is not a file name.
    """
    filename, size = values["filename"], values["size_bytes"]
    if size < 1 or (most is not None and size > most):
        raise RequestError(400, "size_bytes must be at least 1" + (f" and at most {most}" if most else ""))
    return UploadRequest(
        validate_filename(filename),
        size,
        type_of(filename, values.get("content_type") or values.get("mimetype")),
    )


def validate_filename(filename: str) -> str:
    """Return the name of a file if it is not a path.

    Raises:
        RequestError: With 400 if it is not a plain file name.
    """
    if filename in {"", ".", ".."} or not filename.isprintable() or "/" in filename or "\\" in filename:
        raise RequestError(400, "filename must be the name of a file, not a path")
    return filename


def type_of(filename: str, given: str | None) -> str:
    """Return the media type of a file: the given one, or a guess from the name."""
    if given and given != _UNKNOWN_TYPE:
        return given
    return mimetypes.guess_type(filename)[0] or _UNKNOWN_TYPE


def refuse_denied(filename: str, content_type: str, body: bytes = b"") -> None:
    """Refuse executable files by name, type and first bytes.

    Raises:
        RequestError: With 400.
    """
    is_denied = (
        PurePosixPath(filename).suffix.lower() in _DENIED_SUFFIXES
        or content_type.partition(";")[0].strip().lower() in _DENIED_TYPES
        or body.startswith(_DENIED_BEGINNINGS)
    )
    if is_denied:
        raise RequestError(400, "files of this type are not accepted")
