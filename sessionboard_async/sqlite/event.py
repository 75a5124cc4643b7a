"""The event of a copy, and the local times of its sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select, update

from sessionboard_async.sqlite.columns import EVENT
from sessionboard_async.sqlite.rows import Row, values
from sessionboard_async.sqlite.schema import EVENT_TABLE, RESOURCES
from sessionboard_async.sqlite.values import json_text, local_text


def event_row(id_: str, record: Mapping[str, Any]) -> Row:
    """Return the row of the event."""
    return {"id": id_, **values(EVENT, record), "record": json_text(record)}


def event_zone(connection: Connection) -> tzinfo | None:
    """Return the time zone of the event; ``None`` if it is not known on this computer."""
    return time_zone(connection.scalar(select(EVENT_TABLE.c.timezone)))


def time_zone(name: object) -> tzinfo | None:
    """Return a time zone by its name; ``None`` if it is not known on this computer."""
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (ValueError, OSError, KeyError, RecursionError):
        # The name comes from the API: it may be empty, a folder, a path outside of the time zones, or a path
        # of a thousand folders.
        return None


def update_local_times(connection: Connection) -> None:
    """Write the local times of sessions that differ: the time zone, or its rules, may have changed."""
    zone, columns = event_zone(connection), RESOURCES["sessions"].table.c
    names = ("starts_at", "ends_at", "starts_local", "ends_local")
    changed: list[dict[str, str | None]] = []
    for row in connection.execute(select(columns.id, *(columns[name] for name in names))):
        local = (local_text(row.starts_at, zone), local_text(row.ends_at, zone))
        if local != (row.starts_local, row.ends_local):
            changed.append({"session": row.id, "start": local[0], "end": local[1]})
    if changed:
        statement = update(RESOURCES["sessions"].table).where(columns.id == bindparam("session"))
        statement = statement.values(starts_local=bindparam("start"), ends_local=bindparam("end"))
        connection.execute(statement, changed)
