"""The checkpoint: how far reading came, as a value that can be stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, TypeVar, cast

import msgspec

from sessionboard_async._printable import printable

StructT = TypeVar("StructT", bound=msgspec.Struct)

_VERSION = 1

_LONGEST = 256 * 1024 * 1024
"""Characters. A change feed without ``known`` keeps all ids that it reported: this is more than 4 million."""

_MOST_DIFFERENCES = 10


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far reading came. Store its ``to_json()`` anywhere, and pass it to ``resume`` of the same call.

    Attributes:
        version: The version of its form.
        query: What it belongs to, and must be the same when it is resumed. Of filters it holds a hash.
        progress: How far reading came; its form may change between versions of this package.
    """

    version: int
    query: dict[str, str | list[str]]
    progress: dict[str, Any]

    @classmethod
    def of(cls, query: Mapping[str, str | list[str]], progress: msgspec.Struct) -> Checkpoint:
        """Return the checkpoint of a query, as the calls do that resume.

        Args:
            query: What it belongs to.
            progress: How far reading came; it is copied.
        """
        return cls(
            version=_VERSION,
            query=dict(query),
            # Not to_builtins, whose tuples do not equal the lists of a checkpoint that was stored.
            progress=msgspec.json.decode(msgspec.json.encode(progress)),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Checkpoint:
        """Return the checkpoint that ``to_json`` wrote.

        Args:
            text: The JSON, as text or bytes.

        Raises:
            ValueError: If it is damaged, or of another version.
            TypeError: If it is neither text nor bytes.
        """
        if not isinstance(cast("object", text), str | bytes):
            raise TypeError(f"a checkpoint is read from text or bytes, not {type(text).__name__}")
        if len(text) > _LONGEST:
            raise ValueError(f"{_NO_CHECKPOINT}: it is longer than {_LONGEST:,} characters")
        try:
            checkpoint = msgspec.json.decode(text, type=cls)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise ValueError(f"{_NO_CHECKPOINT}: {error}") from None
        checkpoint.validate_version()
        return checkpoint

    def to_json(self) -> str:
        """Return the checkpoint as one line of JSON."""
        return msgspec.json.encode(self, order="deterministic").decode()

    def validate_version(self) -> None:
        """Check that this package reads the version of the checkpoint.

        Raises:
            ValueError: If it does not.
        """
        if self.version != _VERSION:
            raise ValueError(
                f"the checkpoint has version {self.version}; this package reads version {_VERSION}"
            )

    @property
    def done(self) -> bool:
        """Whether nothing is left to read. ``resume`` refuses such a checkpoint.

        That of a change feed is never done: each run reports what changed since.
        """
        return self.progress.get("done") is True

    @property
    def belongs_to(self) -> str:
        """The call that it belongs to, such as ``"search-sessions, event_id 4630"``.

        That of a change feed names the resources too: ``"changes, event_id 4630, resources rooms tracks"``.
        """
        parts = [f"{name} {value}" for name, value in sorted(self.query.items()) if name.endswith("_id")]
        if resources := self.query.get("resources"):
            parts.append(f"resources {' '.join(resources)}")
        return printable(", ".join([f"{self.query.get('operation')}", *parts])[:200])

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __repr__(self) -> str:
        return f"<Checkpoint of {self.belongs_to}{', done' if self.done else ''}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("belongs_to", self.belongs_to), ("done", self.done)]


def read_progress(
    checkpoint: object,
    query: Mapping[str, str | list[str]],
    progress: type[StructT],
    *,
    hashed: Iterable[str] = (),
) -> StructT:
    """Return the progress that a checkpoint holds.

    Args:
        checkpoint: The argument ``resume``.
        query: What it must belong to.
        progress: The type of the progress.
        hashed: The parts of the query whose values are hashes, which messages leave out.

    Raises:
        TypeError: If the value is no checkpoint.
        ValueError: If it is damaged, finished, or belongs to another query, by its differences.
    """
    if not isinstance(checkpoint, Checkpoint):
        raise TypeError(
            f"resume takes a Checkpoint, not {type(checkpoint).__name__}: "
            "Checkpoint.from_json(text) reads one that to_json() wrote"
        )
    checkpoint.validate_version()
    differences = [
        _difference(name, value, query.get(name), is_hashed=name in hashed)
        for name, value in checkpoint.query.items()
        if value != query.get(name)
    ]
    differences += [f"it has no {name}" for name in query if name not in checkpoint.query]
    if len(differences) > _MOST_DIFFERENCES:
        differences[_MOST_DIFFERENCES:] = [f"and {len(differences) - _MOST_DIFFERENCES:,} more differences"]
    if differences:
        raise ValueError(f"the checkpoint belongs to another query: {', '.join(differences)}")
    if checkpoint.done:
        raise ValueError("the checkpoint is of the end: everything was read; leave out resume to read again")
    try:
        return msgspec.convert(checkpoint.progress, progress)
    except (msgspec.ValidationError, RecursionError) as error:
        raise damaged_checkpoint(error) from None


def damaged_checkpoint(reason: object) -> ValueError:
    """Return the error for a checkpoint that contradicts itself."""
    return ValueError(f"{_NO_CHECKPOINT}: {reason}")


def digest(value: object) -> str:
    """Return a short hash that is the same for equal values, whatever the order of their keys."""
    return blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=8).hexdigest()


_NO_CHECKPOINT = "resume takes what checkpoint() returned, unchanged"


def _difference(name: str, found: object, expected: object, *, is_hashed: bool) -> str:
    if is_hashed:
        return f"its {name} differ"
    name = printable(name[:100])
    verb = "is" if isinstance(found, str) else "are"
    return f"its {name} {verb} {found!r:.100}, not {expected!r:.100}"
