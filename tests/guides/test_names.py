"""The names in the guides exist, and their tables are complete."""

from __future__ import annotations

import inspect
import pydoc
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from msgspec import Struct
from msgspec.structs import fields

import sessionboard_async
from sessionboard_async import (
    AsyncSession,
    Cache,
    Page,
    Pager,
    Pagination,
    RateLimits,
    Retry,
    SessionboardError,
    Timeout,
)
from sessionboard_async.core.pagination.pager import PagerOptions
from sessionboard_async.services import SERVICES
from sessionboard_async.services._common.filters import Expansion, RecordSearch, Sort, StatusSearch
from sessionboard_async.services._common.service import Service
from sessionboard_async.sqlite import schema_sql

Rows = list[list[list[str]]]


def services() -> dict[str, Service]:
    client = AsyncSession("a-token")
    return {name: getattr(client, name) for name in SERVICES}


def methods(service: Service) -> dict[str, Any]:
    return {
        name: method
        for name, method in inspect.getmembers(service, inspect.ismethod)
        if not name.startswith("_")
    }


@pytest.fixture
def section(texts: dict[str, str], request: pytest.FixtureRequest) -> str:
    """The text under one heading up to the next, selected with ``@in_section(chapter, heading)``."""
    chapter, heading = request.param
    text = re.sub(r"^```.*?^```$", "", texts[chapter], flags=re.MULTILINE | re.DOTALL)
    found = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{chapter} has no section {heading!r}"
    return found[1]


def in_section(chapter: str, heading: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("section", [(chapter, heading)], indirect=True, ids=[heading])


def table(text: str) -> Rows:
    """The body of the only table: for each cell, its texts in backticks."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:-1]] for line in lines[2:]]


def quoted(text: str) -> set[str]:
    prose = re.sub(r"^```.*?^```$|^\|[^\n]*", "", text, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([^`]+)`", prose))


@in_section("services", "Services and methods")
def test_the_table_lists_every_method_of_every_service(section: str) -> None:
    listed = {
        service: sorted(verbs) for services, verbs in cast("Any", table(section)) for service in services
    }
    assert listed == {name: sorted(methods(service)) for name, service in services().items()}


@in_section("services", "Services and methods")
def test_every_named_argument_exists(section: str) -> None:
    known = {f"{name}.{method}" for name, service in services().items() for method in methods(service)}
    known |= {method for service in services().values() for method in methods(service)}
    known |= {*services(), "Pager", "event_id=4630", "None"}
    known |= {*RecordSearch.__optional_keys__, *StatusSearch.__optional_keys__}
    known |= {f'"{value}"' for value in (*get_args(Sort), *get_args(Expansion))}
    for name in ("sessions", "fields"):
        for method in methods(services()[name]).values():
            known |= set(inspect.signature(method).parameters)
    request = "sb.request(method, path, query=…, json=…)"
    documented = "sessionboard_async.services.Contacts.bulk"
    assert quoted(section) <= known | {request, f'help("{documented}")'}
    assert pydoc.locate(documented)
    assert {"method", "path", "query", "json"} <= set(inspect.signature(AsyncSession.request).parameters)


@in_section("services", "Services and methods")
def test_every_filter_is_named(section: str) -> None:
    filters = {*RecordSearch.__optional_keys__, *StatusSearch.__optional_keys__} - {
        *PagerOptions.__optional_keys__,
        "sort",
    }
    assert filters <= quoted(section)
    assert {f'"{value}"' for value in get_args(Expansion)} <= quoted(section)


@in_section("reading", "Filters, translations and limits")
def test_the_table_of_pager_methods_is_complete(section: str) -> None:
    named = set(re.findall(r"\bpager\.(\w+)\(", section))
    assert named == {name for name in vars(Pager) if not name.startswith("_")}
    assert set(re.findall(r"\bpage\.(\w+)", section)) <= set(Page.__struct_fields__)
    assert set(re.findall(r"pagination\.(\w+)", section)) <= set(Pagination.__struct_fields__)
    assert PagerOptions.__optional_keys__ <= quoted(section)


@in_section("errors", "Errors")
def test_the_table_of_errors_is_complete(section: str) -> None:
    errors = {
        name: thing
        for name in sessionboard_async.__all__
        if isinstance(thing := getattr(sessionboard_async, name), type) and issubclass(thing, Exception)
    }
    rows = table(section)
    named = {name for row in rows for cell in row for name in cell if name in errors}
    assert named == errors.keys() - {"ClientStateError"}
    for members, remarks in rows:
        for base in (errors[remark] for remark in remarks if remark in errors):
            assert all(issubclass(errors[member], base) for member in members)
    assert all(issubclass(error, SessionboardError) for error in errors.values())


@in_section("errors", "Errors")
def test_the_attributes_of_an_api_error_exist(section: str) -> None:
    (named,) = (row[1] for row in table(section) if "APIError" in row[1])
    error = sessionboard_async.APIError("what happened")
    assert all(hasattr(error, name) for name in named if name != "APIError")


@in_section("configuration", "Arguments of the client")
def test_the_table_of_client_arguments_is_complete_and_in_order(section: str) -> None:
    named = [name for row in table(section) for name in row[0]]
    assert named == list(inspect.signature(AsyncSession).parameters)


@in_section("configuration", "Arguments of the client")
def test_the_defaults_of_the_options_are_correct(section: str) -> None:
    rows = {row[0][0]: row[2:] for row in table(section)}
    numbers = {
        (argument, field, None if value == "None" else float(value))
        for argument, (_, remarks) in rows.items()
        for remark in remarks
        for field, value in re.findall(r"(\w+)=([\d.]+|None)", remark)
    }
    options: dict[str, type[Struct]] = {
        "timeout": Timeout,
        "retry": Retry,
        "limits": RateLimits,
        "cache": Cache,
    }
    assert numbers == {
        (argument, field.name, field.default)
        for argument, option in options.items()
        for field in fields(option)
        if not field.required
    }
    assert [rows[argument][0] for argument in options] == [
        ["Timeout()"],
        ["Retry()"],
        ["RateLimits()"],
        ["None"],
    ]
    parameters = inspect.signature(AsyncSession).parameters
    assert f"| `{parameters['pool_size'].default}` |" in section
    assert f"| {parameters['max_response_bytes'].default >> 20} MiB |" in section


def test_the_environment_variables_are_complete(texts: dict[str, str], root: Path) -> None:
    sources = [path.read_text(encoding="utf-8") for path in root.joinpath("sessionboard_async").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r"environ[^\n]*\"(SESSIONBOARD_\w+)\"", source)}
    assert set(re.findall(r"SESSIONBOARD_\w+", texts["configuration"])) == read
    assert len(read) == 3


@pytest.mark.parametrize(("chapter", "mark"), [("README", "benchmarks"), ("benchmarks", "jobs")])
def test_the_figures_are_marked_once(texts: dict[str, str], chapter: str, mark: str) -> None:
    figures = re.findall(
        rf"^<!-- {mark} -->$\n(.*?)^<!-- /{mark} -->$", texts[chapter], re.MULTILINE | re.DOTALL
    )
    assert len(figures) == 1
    assert "| stream 3,000 sessions |" in figures[0]


@in_section("database", "The event's own clock")
def test_every_column_of_the_schedule_is_named(section: str) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(schema_sql())
        columns = {str(column) for _, column, *_ in database.execute("PRAGMA table_info(talks)")}
    view = section[section.index("The view `talks`") : section.index("For other columns")]
    assert quoted(view) == {*columns, "talks"}
