"""Objects whose ``type`` tells what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sessionboard_async.models.base import OpenRecord

Kinds = Mapping[str, type[OpenRecord]]
"""The class of each kind by its ``type``."""


class KindRecord(OpenRecord, frozen=True, kw_only=True):
    """An object of one of several kinds, under the one class that can hold them all.

    It is decoded as that class, whatever its ``type`` says, and then becomes one of the class of its kind:
    a kind that nobody knows yet, or none at all, cannot make an answer unreadable. (A tagged union of
    ``msgspec`` would.)
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "type")

    id: str | None = None
    type: str | None = None

    @classmethod
    def kinds(cls) -> Kinds:
        """Return the class of each kind by its ``type``."""
        return {}

    def in_its_kind(self) -> OpenRecord:
        """Return the same as the class of its kind; itself where there is none."""
        kind = self.kinds().get(self.type or "")
        if kind is None or isinstance(self, kind):
            return self
        return kind(**{name: getattr(self, name) for name in kind.__struct_fields__})
