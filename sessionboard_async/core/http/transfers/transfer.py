"""The streamed parts of a request, and the result of a download."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sessionboard_async.core.http.transfers.sink import Sink
from sessionboard_async.core.http.transfers.source import FileContent, validate_header_text


class Transfer(msgspec.Struct, frozen=True, eq=False):
    """The streamed parts of a request.

    Attributes:
        content: The body.
        form: The fields to send with it as ``multipart/form-data``; ``None`` sends the content alone.
        content_type: The media type of the content within a form.
        sink: The target of the body of a successful answer.
        address: The upload address to send to instead of the API. The token is not sent there.
        headers: The only headers to send to that address.
    """

    content: FileContent | None = None
    form: Mapping[str, str] | None = None
    content_type: str | None = None
    sink: Sink | None = None
    address: str | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])

    def __repr__(self) -> str:
        # The address is a secret, and the other fields may have personal data.
        return f"<Transfer content_type={self.content_type!r}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("content_type", self.content_type)]

    def __post_init__(self) -> None:
        validate_header_text("content_type", self.content_type)


class Download(msgspec.Struct, frozen=True):
    """The result of a download.

    Attributes:
        size: The number of bytes.
        content_type: The media type that the server sent; ``None`` if it sent none.
    """

    size: int
    content_type: str | None
