"""SbQL, the query language of insights, run in SQLite over the events in memory.

A query is one ``SELECT``, or ``FIND Session`` or ``FIND Abstract`` with the clauses that may follow a table
in a ``SELECT``. Table names may be singular or plural: ``session.title FROM sessions`` is the same as
``sessions.title FROM sessions``. Booleans in results are 1 and 0.
"""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event, Timer
from time import monotonic
from typing import cast

from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.masking import masked
from sessionboard_async.testing._sbql.tables import TABLES, columns_of, rows_of

LONGEST_QUERY = 10_000
MOST_BYTES = 100_000_000
LONGEST_SECONDS = 10.0

_STEPS_A_CHECK = 1000
_MOST_CHECKS = 10_000
_TOO_LONG = "the query takes too long: narrow it down"
_LARGEST_NUMBER = 2**63 - 1
_LONGEST_VALUE = 100_000
_BYTES_A_VALUE = 50
_PLURALS = {name[:-1]: name for name in TABLES}
_TYPES = {"text": "TEXT", "number": "NUMERIC", "boolean": "INTEGER", "datetime": "TEXT"}
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION})
_FIND_STATEMENTS = {
    "session": "SELECT * FROM (SELECT * FROM sessions WHERE NOT is_abstract) AS sessions",
    "abstract": "SELECT * FROM (SELECT * FROM sessions WHERE is_abstract) AS sessions",
}
_TABLE_WORDS = frozenset({"from", "join", "with"})
_OTHER_WORDS = frozenset(
    {"select", "where", "group", "order", "having", "limit", "on", "using"}
    | {"union", "except", "intersect", "window"}
)
_TOKEN = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*(?:'|\Z))
    | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<quoted>"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\])
    | (?P<qualifier>[^\W\d]\w*(?=\s*\.))
    | (?P<name>[^\W\d]\w*)
    | (?P<space>\s+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Result:
    """The result of a query.

    Attributes:
        columns: The column names; a repeated name gets a number: ``id``, ``id:1``.
        rows: The rows, each as an object by column.
    """

    columns: Sequence[str]
    rows: Sequence[Record]


@dataclass(frozen=True)
class _FilledTable:
    """The rows of one table, independent of the data that they come from."""

    name: str
    columns: Mapping[str, str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class PreparedQueries:
    """Queries with the rows of their tables, so that they can run in another thread.

    Attributes:
        statements: The queries in SQLite, or why one cannot run.
        tables: The tables that they name.
        hidden: Personal values in the tables, with their masks.
        hide: Whether to mask personal data in the rows.
    """

    statements: Sequence[str | RequestError]
    tables: Sequence[_FilledTable]
    hidden: Mapping[str, str]
    hide: bool

    def run(self, given_up: Event | None = None) -> list[Result | RequestError]:
        """Run the queries, and return the result or the error of each.

        Together they take a bounded time, and a bounded memory each.

        Args:
            given_up: Ends the queries once it is set.
        """
        checks = itertools.count(1)
        ends = monotonic() + LONGEST_SECONDS

        def has_ended() -> bool:
            is_given_up = given_up is not None and given_up.is_set()
            return is_given_up or next(checks) > _MOST_CHECKS or monotonic() > ends

        with closing(sqlite3.connect(":memory:")) as database:
            for table in self.tables:
                _create(database, table)
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            database.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000)
            database.set_authorizer(_authorize)
            database.set_progress_handler(has_ended, _STEPS_A_CHECK)
            with _interrupted(database, LONGEST_SECONDS):
                return [
                    RequestError(400, _TOO_LONG) if has_ended() else self._result(database, statement)
                    for statement in self.statements
                ]

    def _result(self, database: sqlite3.Connection, statement: str | RequestError) -> Result | RequestError:
        if isinstance(statement, RequestError):
            return statement
        try:
            table = _select(database, statement)
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            return RequestError(400, _explain(error))
        except RequestError as too_large:
            return too_large
        return _hide(table, self.hidden) if self.hide else table


@contextmanager
def _interrupted(database: sqlite3.Connection, seconds: float) -> Generator[None]:
    """Interrupt a database after a time: a single step, such as a search in a long text, may take seconds."""
    timer = Timer(seconds, database.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def prepare(
    queries: Sequence[str], organization: Organization, events: Sequence[EventData], *, hide: bool
) -> PreparedQueries:
    """Translate queries and read the tables that they name.

    Args:
        queries: The queries, in SbQL.
        organization: The organization.
        events: The events whose records the tables contain.
        hide: Mask personal data in the rows, even if the query renames its column. The query can still filter
            by it.
    """
    statements = [_translated(query) for query in queries]
    named = {name for statement in statements if isinstance(statement, str) for name in _tables_in(statement)}
    hidden: dict[str, str] = {}
    tables = [_read(name, organization, events, hidden if hide else None) for name in TABLES if name in named]
    return PreparedQueries(statements, tables, hidden, hide)


def _translated(query: str) -> str | RequestError:
    try:
        return translate(query)
    except RequestError as refused:
        return refused


def translate(query: str) -> str:
    """Translate a query to SQLite.

    Raises:
        RequestError: With 400 if it is not exactly one query.
    """
    if len(query) > LONGEST_QUERY:
        raise RequestError(400, f"a query has at most {LONGEST_QUERY:,} characters")
    tokens = [(match.lastgroup or "other", match.group()) for match in _TOKEN.finditer(query)]
    places = [place for place, (kind, _) in enumerate(tokens) if kind not in {"space", "comment"}]
    while places and tokens[places[-1]][1] == ";":
        tokens[places.pop()] = ("space", " ")
    if any(text == ";" for _, text in tokens):
        raise RequestError(400, "only one query at a time can run")
    words = [tokens[place][1].lower() for place in places[:2]]
    match words:
        case ["find", "session" | "sessions" | "abstract" | "abstracts"]:
            tables = {**_PLURALS, "abstract": "sessions", "abstracts": "sessions"}
            return _FIND_STATEMENTS[words[1].removesuffix("s")] + _with_plurals(
                tokens[places[1] + 1 :], tables
            )
        case ["find", *_]:
            raise RequestError(400, "FIND must be followed by Session or Abstract")
        case ["select" | "with", *_]:
            return _with_plurals(tokens, _PLURALS)
        case _:
            raise RequestError(400, "a query begins with SELECT, WITH or FIND, and can only read")


def _with_plurals(tokens: Sequence[tuple[str, str]], plurals: Mapping[str, str]) -> str:
    """Join tokens with table names in the plural, in FROM clauses and before dots.

    Aliases that equal a table name are renamed consistently, so that the query keeps its meaning.
    """
    parts: list[str] = []
    outside: list[bool] = []
    among_tables = False
    for kind, text in tokens:
        word = text.lower()
        if kind == "name" and word in _TABLE_WORDS | _OTHER_WORDS:
            among_tables = word in _TABLE_WORDS
        elif text == "(":
            outside.append(among_tables)
        elif text == ")":
            among_tables = bool(outside) and outside.pop()
        elif kind == "qualifier" or (kind == "name" and among_tables):
            text = plurals.get(word, text)
        parts.append(text)
    return "".join(parts)


def _tables_in(statement: str) -> list[str]:
    """Return the tables named anywhere in a statement, so that only these need to be filled."""
    named = {match.group().strip('"`[]').lower() for match in _TOKEN.finditer(statement)}
    return [name for name in TABLES if name in named]


def _read(
    name: str, organization: Organization, events: Sequence[EventData], hidden: dict[str, str] | None
) -> _FilledTable:
    """Read a table; its personal values are added to those that are hidden, if any are."""
    columns = columns_of(name, events)
    rows: list[list[object]] = []
    for row in rows_of(name, organization, events):
        plain = {column: row.get(column) for column in columns}
        if hidden is not None:
            hidden.update(_personal([plain, *cast("Sequence[Record]", row.get("custom_fields") or ())]))
        rows.append([_stored(value) for value in plain.values()])
    return _FilledTable(name, columns, rows)


def _create(database: sqlite3.Connection, table: _FilledTable) -> None:
    definition = ", ".join(f'"{column}" {_TYPES[type_]}' for column, type_ in table.columns.items())
    database.execute(f'CREATE TABLE "{table.name}" ({definition})')
    places = ", ".join("?" * len(table.columns))
    database.executemany(f'INSERT INTO "{table.name}" VALUES ({places})', table.rows)  # noqa: S608  # our own names


def _personal(records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    for plain, concealed in zip(records, cast("list[Record]", masked(records)), strict=True):
        for name, value in plain.items():
            if isinstance(value, str) and concealed[name] != value:
                yield value, str(concealed[name])


def _stored(value: object) -> object:
    """Convert a value for SQLite; anything other than text and numbers becomes JSON."""
    if value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int) and -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:
        return int(value)
    return json.dumps(value, ensure_ascii=False)


def _select(database: sqlite3.Connection, statement: str) -> Result:
    cursor = database.execute(statement)
    columns = list(_unique(str(column[0]) for column in cursor.description))
    rows: list[Record] = []
    size = 0
    for row in cursor:
        size += sum(_BYTES_A_VALUE + (len(value) if isinstance(value, (str, bytes)) else 0) for value in row)
        if size > MOST_BYTES:
            raise RequestError(400, f"the query returns more than about {MOST_BYTES:,} bytes: narrow it down")
        rows.append(dict(zip(columns, map(_plain_value, row), strict=True)))
    return Result(columns, rows)


def _authorize(action: int, subject: str | None, *_: str | None) -> int:
    is_inner = action == sqlite3.SQLITE_READ and str(subject).lower().startswith(("sqlite_", "pragma_"))
    return sqlite3.SQLITE_OK if action in _ALLOWED and not is_inner else sqlite3.SQLITE_DENY


def _unique(names: Iterable[str]) -> Iterator[str]:
    used: set[str] = set()
    for name in names:
        numbered = (name, *(f"{name}:{number}" for number in range(1, len(used) + 1)))
        free = next(each for each in numbered if each not in used)
        used.add(free)
        yield free


def _plain_value(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _hide(table: Result, hidden: Mapping[str, str]) -> Result:
    rows = [
        {name: hidden.get(value, value) if isinstance(value, str) else value for name, value in row.items()}
        for row in table.rows
    ]
    return Result(table.columns, cast("list[Record]", masked(rows)))


def _explain(error: Exception) -> str:
    text = str(error)
    if "not authorized" in text or "prohibited" in text:
        return "a query can only read, and only the tables that the schema names"
    if "interrupted" in text:
        return _TOO_LONG
    return f"the query does not run: {text}"
