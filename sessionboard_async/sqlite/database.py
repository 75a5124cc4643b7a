"""The file that keeps a copy of an event."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from sessionboard_async.errors import ConfigurationError
from sessionboard_async.models.base import EventId
from sessionboard_async.sqlite.rows import json_text
from sessionboard_async.sqlite.schema import METADATA, RESOURCES, SCHEMA_VERSION, STATE
from sessionboard_async.sqlite.writer import RecordChange, validate_changes, write_changes

_BUSY_SECONDS = 30.0
"""How long to wait for somebody else who reads or writes the file."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of changes.

    Attributes:
        upserted: Records written, new or changed.
        unchanged: Records that were there already, exactly as they came.
        outdated: Records left alone, since what was there is newer by its ``updated_at``.
        removed: Records removed; what was not there does not count.
    """

    upserted: int = 0
    unchanged: int = 0
    outdated: int = 0
    removed: int = 0


class Database:
    """A copy of an event in a SQLite file.

    ::

        with Database("event.db", event_id=4630, base_url=sb.base_url) as database:
            database.apply(changes, cursor)

    It blocks, and is for one thread at a time, not always the same one. A file that it makes can only be read
    by its owner, where the system knows owners: the data of people is in it.

    Args:
        path: The file; made where it does not exist, in a directory that does.
        event_id: The event. A number and the same number as a string are one event.
        base_url: Where the data comes from.
        expand: What the records hold in addition, in any order.

    Raises:
        ConfigurationError: If the file is no database, or no copy, or one of another event, address or
            expansion, or its tables are those of another version. It is a ``ValueError``.
        OSError: If the file cannot be opened or made.
        TypeError: If ``expand`` is one string.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        event_id: EventId,
        base_url: str,
        expand: Sequence[str] = (),
    ) -> None:
        if isinstance(expand, str):
            raise TypeError(f"expand must be a sequence of strings: write [{expand!r}]")
        self._path = Path(path).absolute()
        self._is_closed = False
        identity = {
            "event_id": str(event_id),
            "base_url": base_url.rstrip("/"),
            "expand": json_text(sorted(set(expand))),
        }
        if not self._path.exists():
            # SQLite would make it with the rights that the process gives to any file.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._engine = _engine(self._path)
        try:
            with self._transaction() as connection:
                self._cursor = _open(connection, self._path, identity)
        except BaseException:
            self.close()
            raise

    @property
    def cursor(self) -> dict[str, Any] | None:
        """What was saved with the last changes; ``None`` for a new copy."""
        return None if self._cursor is None else msgspec.json.decode(self._cursor, type=dict[str, Any])

    def apply(self, changes: Sequence[RecordChange], cursor: Mapping[str, Any]) -> Applied:
        """Write changes, in their order, and the cursor that goes with them: all of it, or nothing.

        An upsert puts the record in the place of what was there, unless that is newer by ``updated_at``.
        Times are compared as moments; where one has none, the record is taken.

        Args:
            changes: The changes, of any resources.
            cursor: What to keep with them, made of what JSON knows.

        Returns:
            What became of them.

        Raises:
            ValueError: If a resource or kind is unknown, an id is empty, or an upsert has no record. Nothing
                is written.
            OSError: If the file cannot be written, or somebody else holds it for half a minute. Nothing is
                written.
        """
        validate_changes(changes)
        saved = json_text(cursor)
        with self._transaction() as connection:
            tally = write_changes(connection, changes)
            connection.execute(update(STATE).values(cursor=saved))
        self._cursor = saved
        return Applied(**tally)

    def ids(self, resource: str) -> list[str]:
        """Return the ids of all records of a resource, sorted.

        Raises:
            ValueError: If the resource is unknown.
            OSError: If the file cannot be read.
        """
        if resource not in RESOURCES:
            raise ValueError(f"there is no table for {resource!r}; there are {', '.join(RESOURCES)}")
        column = RESOURCES[resource].table.c.id
        with self._transaction() as connection:
            return list(connection.scalars(select(column).order_by(column)))

    def counts(self) -> dict[str, int]:
        """Return how many records there are of each resource.

        Raises:
            OSError: If the file cannot be read.
        """
        with self._transaction() as connection:
            return {
                name: connection.scalar(select(func.count()).select_from(resource.table)) or 0
                for name, resource in RESOURCES.items()
            }

    def close(self) -> None:
        """Close the file. It may be called twice."""
        self._is_closed = True
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Generator[Connection]:
        if self._is_closed:
            raise RuntimeError(f"the copy at {self._path} was closed")
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            # That error carries the records; what the driver says of its reason does not.
            reason = error.orig
            if getattr(reason, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                raise ConfigurationError(f"{self._path} is no SQLite database: name another file") from None
            raise OSError(f"the copy at {self._path} cannot be used: {reason}") from None


def _engine(path: Path) -> Engine:
    # The default rollback journal survives a kill at any moment as a write-ahead log does, and the copy stays
    # one file, which can be moved, and read where nothing can be written.
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # Data of people who were removed does not stay behind in unused pages.
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: Connection) -> None:
    # The driver itself begins transactions late, and not at all for CREATE TABLE and SELECT. IMMEDIATE waits
    # for its turn to write; a transaction that has read before would fail at once instead.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open(connection: Connection, path: Path, identity: Mapping[str, str]) -> str | None:
    """Return the cursor of a copy, which is made where the file is empty."""
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    if not names:
        METADATA.create_all(connection, checkfirst=False)
        connection.execute(insert(STATE).values(schema_version=SCHEMA_VERSION, **identity))
        return None
    if STATE.name not in names:
        raise ConfigurationError(f"{path} is a database, but no copy of an event: name another file")
    version = connection.scalar(select(STATE.c.schema_version))
    if version != SCHEMA_VERSION:
        raise ConfigurationError(
            f"the tables of {path} are of version {version}, and this package keeps version "
            f"{SCHEMA_VERSION}: use the package that made them, or another file"
        )
    kept = connection.execute(select(STATE)).mappings().one()
    differences = [
        f"its {name} is {kept[name]} and not {wanted}"
        for name, wanted in identity.items()
        if kept[name] != wanted
    ]
    if differences:
        raise ConfigurationError(f"{path} is another copy: {', '.join(differences)}; name another file")
    cursor: str | None = kept["cursor"]
    return cursor
