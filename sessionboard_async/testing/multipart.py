"""Parsing of ``multipart/form-data`` bodies, without I/O."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import NamedTuple

from sessionboard_async.testing._data.errors import RequestError


class FormField(NamedTuple):
    """One field of a form; ``content_type`` is ``None`` if the form does not declare one."""

    filename: str | None
    content_type: str | None
    body: bytes

    @property
    def text(self) -> str:
        """The body as text.

        Raises:
            RequestError: With 400 if the body is not UTF-8.
        """
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise RequestError(400, "a text field of the form is not UTF-8") from None


def read_form(content_type: str, body: bytes) -> dict[str, FormField]:
    """Parse a form and return its bytes unchanged.

    ``email`` parses the headers only: it would also take apart a file that is itself a message.

    Args:
        content_type: The ``Content-Type`` header of the request.
        body: The body of the request.

    Returns:
        The fields by name; the last one wins if a name is repeated.

    Raises:
        RequestError: With 400 if the body is not a complete form.
    """
    header = _message(f"Content-Type: {content_type}")
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise RequestError(400, "the body must be multipart/form-data with a boundary")
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if not pieces or not pieces[-1].startswith(b"--"):
        raise RequestError(400, "the form does not end with its boundary")
    parts: dict[str, FormField] = {}
    for piece in pieces[:-1]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        headers = _message(head.strip().decode("utf-8", "replace"))
        name = headers.get_param("name", header="Content-Disposition")
        if not separator or not isinstance(name, str):
            raise RequestError(400, "a part of the form has no name")
        declared = headers.get_content_type() if "Content-Type" in headers else None
        parts[name] = FormField(headers.get_filename(), declared, content)
    return parts


def _message(headers: str) -> EmailMessage:
    return email.message_from_string(headers + "\r\n\r\n", policy=email.policy.HTTP)
