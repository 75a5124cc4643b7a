"""A copy of an event in a SQLite database, updated change by change (extra ``sqlite``).

Each resource has a table with columns for its common fields, and ``record`` with the whole record as JSON.
Nested data has tables of its own: ``people`` and ``session_people``, ``session_tags``,
``session_custom_fields``, ``speaker_translations`` and so on; ``event`` has the event. Times in columns are
in UTC and of one length, ``2026-08-01T09:00:00.000000Z``, so that they sort and compare as text; ``record``
holds them as sent. The view ``talks`` has the start and end of each session in the event's time zone.
``schema_sql`` returns the definitions with a comment for each table and column.

Without the extra, importing this package raises a ``ModuleNotFoundError`` that says what to install.
"""

try:
    import sqlalchemy as _  # noqa: F401
except ImportError:
    raise ModuleNotFoundError(
        "sessionboard_async.sqlite needs more packages: python -m pip install 'sessionboard-async[sqlite]'",
        name="sqlalchemy",
    ) from None

from sessionboard_async.sqlite.database import Applied, Database
from sessionboard_async.sqlite.definitions import schema_sql
from sessionboard_async.sqlite.sync import SyncSummary, sync_event
from sessionboard_async.sqlite.writer import RecordChange

__all__ = ["Applied", "Database", "RecordChange", "SyncSummary", "schema_sql", "sync_event"]
