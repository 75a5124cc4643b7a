"""The SQLite file with a copy of an event."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    and_,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from sessionboard_async._printable import printable
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.errors import ConfigurationError
from sessionboard_async.export.resources import validate_resources
from sessionboard_async.services._common.ids.events import EventLike, event_id_of
from sessionboard_async.sqlite.definitions import table_definitions
from sessionboard_async.sqlite.event import event_row, event_zone, update_local_times
from sessionboard_async.sqlite.schema import EVENT_TABLE, RESOURCES, SCHEMA_VERSION, STATE
from sessionboard_async.sqlite.values import json_text
from sessionboard_async.sqlite.views import view_definitions, view_languages
from sessionboard_async.sqlite.writer import RecordChange, validate_changes, write_changes

_BUSY_SECONDS = 30.0
"""How long to wait for another process that reads or writes the file."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The number of changes with each outcome.

    Attributes:
        upserted: Records written, new or changed.
        unchanged: Records that the copy already held in the same form.
        outdated: Records skipped because the copy held a newer one, by ``updated_at``.
        removed: Records removed from the copy.
    """

    upserted: int = 0
    unchanged: int = 0
    outdated: int = 0
    removed: int = 0


class Database:
    """A copy of an event in a SQLite file.

    ::

        with Database("event.db", event_id=4630, base_url=sb.base_url) as database:
            feed = changes(sb, 4630, resume=database.checkpoint, known=database.update_times).raw()
            async for batch in feed.batches():
                database.apply(batch.changes, batch.checkpoint)

    Every method blocks. Use it from any thread, but from one at a time. A new file is readable only by its
    owner, on systems with file permissions, because it holds personal data.

    Args:
        path: The file; it is created if it does not exist, in an existing folder.
        event_id: The event, or its id. A number and the same number as a string are the same event.
        base_url: The address of the API, or another name for the origin of the data.
        expand: The expansions included in the records, in any order.
        languages: Languages to add a view for, such as ``["fr"]`` for ``talks_fr``. Views of other languages
            stay.

    Raises:
        ConfigurationError: If the file is no database, or no copy, or has data of another event, address or
            expansion, or its tables have another version. It is a ``ValueError``.
        ValueError: If a language is not a tag such as ``fr`` or ``fr-CA``, or there are languages and
            ``expand`` does not include ``translated_fields``.
        OSError: If the file cannot be opened or created.
        TypeError: If ``expand`` or ``languages`` is a single string.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        event_id: EventLike,
        base_url: str,
        expand: Sequence[str] = (),
        languages: Iterable[str] = (),
    ) -> None:
        if isinstance(expand, str):
            raise TypeError(f"expand must be a sequence of strings: write [{expand!r}]")
        tags = view_languages(languages, expand)
        self._path = Path(path).absolute()
        self._is_closed = False
        self._source = {
            "event_id": str(event_id_of(event_id)),
            "base_url": base_url.rstrip("/"),
            "expand": json_text(sorted(set(expand))),
        }
        if not self._path.exists():
            # SQLite would create it with the default permissions of the process.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._engine = _engine(self._path)
        try:
            with self._transaction() as connection:
                self._checkpoint = _open(connection, self._path, self._source)
                _create_views(connection, view_definitions(tags))
        except BaseException:
            self.close()
            raise

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint saved with the last changes, to resume a change feed from; ``None`` for a new copy.

        That of ``sync_event`` has no ids: pass ``known=database.update_times`` to the feed too.

        Raises:
            ConfigurationError: If it is damaged.
        """
        if self._checkpoint is None:
            return None
        try:
            return Checkpoint.from_json(self._checkpoint)
        except (ValueError, TypeError) as error:
            raise self._damaged("checkpoint", error) from None

    @property
    def event(self) -> dict[str, Any] | None:
        """The event as the API sent it; ``None`` if it was never saved.

        Raises:
            ConfigurationError: If it is damaged.
            OSError: If the file cannot be read.
        """
        with self._transaction() as connection:
            record = connection.scalar(select(EVENT_TABLE.c.record))
        try:
            return None if record is None else msgspec.json.decode(record, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError) as error:
            raise self._damaged("event", error) from None

    def save_event(self, record: Mapping[str, Any]) -> None:
        """Write the event, and update the local times of its sessions.

        Args:
            record: The event as the API sent it. If its ``timezone`` is not the name of a time zone, sessions
                have no local times.

        Raises:
            ConfigurationError: If the file has become a copy of something else. Nothing is written.
            OSError: If the file cannot be written, or another process locks it for half a minute. Nothing is
                written.
        """
        row = event_row(self._source["event_id"], record)
        with self._transaction() as connection:
            self._validate_source(connection)
            connection.execute(delete(EVENT_TABLE))
            connection.execute(insert(EVENT_TABLE), [row])
            update_local_times(connection)

    def apply(
        self, changes: Sequence[RecordChange], checkpoint: Checkpoint, *, keep_newer: bool = True
    ) -> Applied:
        """Write changes in their order, and the checkpoint after them, in one transaction.

        Args:
            changes: The changes, of any resources.
            checkpoint: The checkpoint to save.
            keep_newer: Whether an upsert leaves a record in the copy that is newer by ``updated_at``. If one
                of the two has no valid time, it is replaced. A change feed skips outdated records by itself,
                and reports a record again whose time was in the future.

        Returns:
            The number of changes with each outcome.

        Raises:
            ValueError: If a resource or kind is unknown, an id is empty, or an upsert has no record. Nothing
                is written.
            ConfigurationError: If the file has become a copy of something else. Nothing is written.
            OSError: If the file cannot be written, or another process locks it for half a minute. Nothing is
                written.
        """
        validate_changes(changes)
        saved = checkpoint.to_json()
        with self._transaction() as connection:
            self._validate_source(connection)
            zone = event_zone(connection)
            tally = write_changes(connection, changes, keep_newer=keep_newer, zone=zone)
            connection.execute(update(STATE).values(checkpoint=saved))
        self._checkpoint = saved
        return Applied(**tally)

    def ids(self, resource: str) -> list[str]:
        """Return the ids of all records of a resource, sorted.

        Args:
            resource: The resource, such as ``"sessions"``.

        Raises:
            ValueError: If the resource is unknown.
            OSError: If the file cannot be read.
        """
        return sorted(self.update_times(resource))

    def update_times(self, resource: str) -> dict[str, str | None]:
        """Return the ids of all records of a resource, and when each was updated, as the record says.

        It is a function for ``known`` of a change feed.

        Args:
            resource: The resource, such as ``"sessions"``.

        Raises:
            ValueError: If the resource is unknown.
            OSError: If the file cannot be read.
        """
        (name,) = validate_resources([resource])
        columns = RESOURCES[name].table.c
        with self._transaction() as connection:
            rows = connection.execute(select(columns.id, columns.updated_at))
            return {row.id: row.updated_at for row in rows}

    def counts(self) -> dict[str, int]:
        """Return the number of records of each resource.

        Raises:
            OSError: If the file cannot be read.
        """
        with self._transaction() as connection:
            return {
                name: connection.scalar(select(func.count()).select_from(resource.table)) or 0
                for name, resource in RESOURCES.items()
            }

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
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

    def _damaged(self, name: str, error: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"the {name} of the copy at {self._path} is damaged ({error}): choose another file"
        )

    def _validate_source(self, connection: Connection) -> None:
        is_ours = and_(*(STATE.c[name] == value for name, value in self._source.items()))
        if connection.scalar(select(func.count()).select_from(STATE).where(is_ours)) != 1:
            raise ConfigurationError(f"{self._path} has become another copy meanwhile: choose another file")

    @contextmanager
    def _transaction(self) -> Generator[Connection]:
        if self._is_closed:
            raise RuntimeError(f"the copy at {printable(str(self._path))} is closed")
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            # This error holds the values of the records, and stays the context of the next one.
            reason, error.params = error.orig, None
            if getattr(reason, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                raise ConfigurationError(
                    f"{self._path} is not a SQLite database: choose another file"
                ) from None
            raise OSError(
                printable(f"the copy at {self._path} cannot be read or written: {reason}")
            ) from None


def _engine(path: Path) -> Engine:
    # The default rollback journal survives a kill as well as a write-ahead log does, and the copy stays a
    # single file, which can be moved, and opened in a read-only folder.
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
    # Overwrite removed personal data, which would otherwise stay in unused pages.
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: Connection) -> None:
    # The driver begins transactions late, and none for CREATE TABLE and SELECT. IMMEDIATE waits for the write
    # lock; a transaction that begins with a read fails at once if another process writes.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open(connection: Connection, path: Path, source: Mapping[str, str]) -> str | None:
    """Return the checkpoint of a copy; create its tables if the file is empty."""
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    if not names:
        for statement in table_definitions():
            connection.exec_driver_sql(statement)
        connection.execute(insert(STATE).values(schema_version=SCHEMA_VERSION, **source))
        return None
    if STATE.name not in names:
        raise ConfigurationError(f"{path} is a database, but not a copy of an event: choose another file")
    version = connection.scalar(select(STATE.c.schema_version))
    if version != SCHEMA_VERSION:
        is_newer = isinstance(version, int) and version > SCHEMA_VERSION
        advice = (
            "update sessionboard-async, or choose another file"
            if is_newer
            else "move the file away or choose another one, and the next run copies the event again"
        )
        raise ConfigurationError(
            f"the tables of {path} have version {version}, and this release of sessionboard-async writes "
            f"version {SCHEMA_VERSION}: {advice}"
        )
    stored = connection.execute(select(STATE)).mappings().one()
    differences = [
        f"its {name} is {stored[name]}, not {wanted}"
        for name, wanted in source.items()
        if stored[name] != wanted
    ]
    if differences and stored["checkpoint"] is None:
        # Nothing was ever written to it, as after a run with a mistyped event.
        connection.execute(update(STATE).values(**source))
        connection.execute(delete(EVENT_TABLE))
        return None
    if differences:
        raise ConfigurationError(f"{path} is another copy: {', '.join(differences)}; choose another file")
    checkpoint: str | None = stored["checkpoint"]
    return checkpoint


def _create_views(connection: Connection, views: Mapping[str, str]) -> None:
    names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'view'").scalars())
    for name in views.keys() - names:
        connection.exec_driver_sql(views[name])
