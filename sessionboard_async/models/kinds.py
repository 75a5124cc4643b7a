"""Objects of several kinds, distinguished by ``type``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from sessionboard_async.models.base import OpenRecord

Kinds = Mapping[str, type[OpenRecord]]
"""The class of each kind by its ``type``."""


class KindRecord(OpenRecord, frozen=True, kw_only=True):
    """An object of one of several kinds, in a class that can hold all of them.

    It is decoded as this class, whatever its ``type``, and then converted to the class of its kind, so that a
    new kind or a missing ``type`` is no error. (With a tagged union of ``msgspec``, it would be.)
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "type")

    id: str | None = None
    type: str | None = None

    @classmethod
    def kinds(cls) -> Kinds:
        """Return the class of each kind by its ``type``."""
        return {}

    def in_its_kind(self) -> OpenRecord:
        """Return the object as the class of its kind; itself if there is none."""
        kind = self.kinds().get(self.type or "")
        if kind is None or isinstance(self, kind):
            return self
        return kind(**{name: getattr(self, name) for name in kind.__struct_fields__})

    def _with_sent(self, sent: object) -> Self:
        record = super()._with_sent(sent)
        kind = record.in_its_kind()
        return kind if isinstance(kind, type(self)) else record
