"""A copy of an event in a SQLite file, kept up to date change by change (extra ``sqlite``).

Each resource is a table with the columns that people ask for and ``record``, the whole record as JSON. What
lies inside of records has tables of its own: ``people`` and ``session_people``, ``session_tags``, and
``session_custom_fields``, ``speaker_translations`` and the like. Times in columns are UTC and of one length,
``2026-08-01T09:00:00.000000Z``, so that they sort and compare as text; ``record`` has them as they were sent.
"""

from sessionboard_async.sqlite.database import Applied, Database
from sessionboard_async.sqlite.sync import SyncSummary, sync_event
from sessionboard_async.sqlite.writer import RecordChange

__all__ = ["Applied", "Database", "RecordChange", "SyncSummary", "sync_event"]
