"""Where an iteration stands, as a small value that can be kept and gone on from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from operator import length_hint
from typing import Any, cast

import msgspec

from sessionboard_async.core.pagination.query import PagedQuery
from sessionboard_async.core.pagination.record_keys import id_text

Checkpoint = dict[str, Any]
"""Made of what JSON knows, and nothing else: keep it wherever, and hand it to ``resume`` as it is."""

_VERSION = 1


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far an iteration has come.

    Attributes:
        done: Whether it is at its end.
        after: Whatever is older than this moment was delivered, in milliseconds since 1970.
        before: The moment from which on nothing is read.
        page: The page to go on with, where page numbers are what is read by.
        page_size: Records per page, where page numbers are what is read by.
        near: The ids of what was delivered and may come again.
        delivered: How many records were delivered.
    """

    done: bool = False
    after: int | None = None
    before: int | None = None
    page: int | None = None
    page_size: int | None = None
    near: tuple[str, ...] = ()
    delivered: int = 0


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    query: dict[str, Any]
    progress: Progress


class Bookmark:
    """Follows one iteration.

    Args:
        query: What is searched for.
        consistency: How it is read.
        progress: Where it begins.
    """

    def __init__(self, query: PagedQuery, consistency: str, progress: Progress) -> None:
        self._query = query
        self._consistency = consistency
        self._progress = progress
        self._handed: Sequence[object] = ()
        self._then: Progress | None = None
        self._rest: Iterator[object] | None = None
        self._id_of: Callable[[object], object] = lambda _: None

    def move(self, progress: Progress) -> None:
        """Note that all that was handed out is worked off."""
        self._progress, self._then, self._handed, self._rest = progress, None, (), None

    def hand(
        self, records: Sequence[object], id_of: Callable[[object], object], then: Progress | None
    ) -> None:
        """Note that these records are handed out, and how far it has come with all of them, where known."""
        self._handed, self._id_of, self._then = records, id_of, then

    def hand_one_by_one(self, rest: Iterator[object]) -> None:
        """Note that what was handed out is taken from an iterator."""
        self._rest = rest

    def finish(self) -> None:
        """Note that what was handed out is worked off, though more may have come with it."""
        self.move(self._at(self._worked_off(last=True)))

    def checkpoint(self, *, include_current: bool) -> Checkpoint:
        """Return where the iteration stands.

        Args:
            include_current: Whether the record or page returned last counts as done; otherwise it is
                delivered again.
        """
        kept = _Kept(
            version=_VERSION,
            query=_described(self._query, self._consistency),
            progress=self._at(self._worked_off(last=include_current)),
        )
        return cast("Checkpoint", msgspec.to_builtins(kept))

    def _worked_off(self, *, last: bool) -> int:
        handed = len(self._handed)
        if self._rest is None:
            return handed if last else 0
        return max(0, handed - length_hint(self._rest) - (not last))

    def _at(self, done: int) -> Progress:
        if self._then is not None and done == len(self._handed):
            return self._then
        new = filter(None, (id_text(self._id_of(record)) for record in self._handed[:done]))
        before = self._progress
        return msgspec.structs.replace(before, near=(*before.near, *new), delivered=before.delivered + done)


def resumed(checkpoint: object, query: PagedQuery, consistency: str) -> Progress:
    """Return how far the iteration had come that a checkpoint was taken of.

    Raises:
        ValueError: If it is no checkpoint, or one of another query; it says what differs.
    """
    try:
        kept = msgspec.convert(checkpoint, _Kept)
    except msgspec.ValidationError as error:
        raise ValueError(f"resume takes what checkpoint() returned, as it is: {error}") from None
    if kept.version != _VERSION:
        raise ValueError(f"the checkpoint is of version {kept.version}, and this package reads {_VERSION}")
    here = _described(query, consistency)
    differences = [
        f"its {name} {'is' if isinstance(there, str | int) else 'are'} {there!r} and not {here.get(name)!r}"
        if name not in _HASHED
        else f"its {name} differ"
        for name, there in kept.query.items()
        if there != here.get(name)
    ]
    differences += [f"it has no {name}" for name in here.keys() - kept.query.keys()]
    if differences:
        raise ValueError(f"the checkpoint is of another query: {', '.join(differences)}")
    return kept.progress


_HASHED = ("filters", "arguments")


def _described(query: PagedQuery, consistency: str) -> dict[str, Any]:
    search = query.search
    rest = {name: part for name, part in search.items() if name not in {"filters", "sort", "expand"}}
    return {
        "operation": query.endpoint.operation_id,
        **{name: str(value) for name, value in query.path.items()},
        "filters": _hash(search.get("filters") or {}),
        "arguments": _hash({**rest, **query.query}),
        "sort": "{order} {sort}".format_map(search["sort"]) if "sort" in search else "none",
        "expand": sorted(search.get("expand") or ()),
        "consistency": consistency,
    }


def _hash(value: object) -> str:
    return blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=8).hexdigest()
