"""Changes to write to a copy, and queries of the copy through the driver alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sessionboard_async import Checkpoint
from sessionboard_async.change_feed.feed import Change
from sessionboard_async.sqlite import Database

EVENT, ADDRESS = 4630, "https://api.example.com"


def open_copy(path: Path, **other: Any) -> Database:
    return Database(path, **{"event_id": EVENT, "base_url": ADDRESS, **other})


def at(place: object = None) -> Checkpoint:
    """Return a checkpoint of a feed that came to a place."""
    return Checkpoint(version=1, query={"operation": "changes"}, progress={"at": place})


def upsert(id_: str, resource: str = "sessions", /, **record: Any) -> Change[dict[str, Any]]:
    return Change(kind="upsert", resource=resource, id=id_, record={"id": id_, **record})


def deleted(id_: str, resource: str = "sessions") -> Change[dict[str, Any]]:
    return Change(kind="deleted", resource=resource, id=id_)


def left_scope(id_: str, resource: str = "sessions") -> Change[dict[str, Any]]:
    return Change(kind="left_scope", resource=resource, id=id_)


def ask(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, values).fetchall()


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables, sorted."""
    names = [name for (name,) in ask(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: sorted(ask(path, f"SELECT * FROM {name}"), key=repr) for name in names}
