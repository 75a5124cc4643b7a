"""The exception tree: its documentation, texts, pickles and copies."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

import sessionboard_async.core
from sessionboard_async import errors
from sessionboard_async.errors import (
    APIError,
    AttemptTimeoutError,
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    DeadlineExceededError,
    DecodeError,
    RateLimitError,
    RequestContext,
    SessionboardError,
    TransportError,
    WrongEventLoopError,
)
from sessionboard_async.models import BulkOutcome, BulkResult

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, SessionboardError)
]
CONTEXT = RequestContext("GET", "/v1/event/{event_id}/sessions", "search-sessions", attempts=3)
EVENTS = RequestContext("GET", "/v1/events")
BUILTIN_BASES = {
    "ConfigurationError": ValueError,
    "ClientStateError": RuntimeError,
    "AttemptTimeoutError": TimeoutError,
    "DeadlineExceededError": TimeoutError,
}


def attributes_of(class_: type[SessionboardError]) -> dict[str, object]:
    """A value for every keyword argument of a class."""
    values: dict[str, object] = {
        "context": CONTEXT,
        "transient": class_ is DecodeError,
        "reports_failure": class_ is DecodeError,
        "status": 418,
        "code": "TeapotError",
        "api_message": "Short and stout.",
        "request_id": "req-1",
        "retry_after": 1.5,
        "from_api": True,
        "body": b"",
        "category": "entity-reads",
        "seconds": 747.5,
        "limit": 100,
        "reset": datetime(2031, 5, 6, tzinfo=UTC),
        "page": 3,
        "index": 0,
        "record_id": "a",
        "path": "$.title",
        "result": BulkResult(outcomes=(BulkOutcome(index=0, status="success"),), batch_ids=("b-1",)),
    }
    parameters = inspect.signature(class_).parameters.values()
    return {one.name: values[one.name] for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}


# The tree


def documented() -> Iterator[tuple[str, str | None, str]]:
    """Yield each class of the documented tree, with its parent and its description."""
    assert errors.__doc__ is not None
    above: dict[int, str] = {}
    for line in errors.__doc__.splitlines():
        if found := re.match(r"^    ([│├└─ ]*)([A-Z]\w+)\b(.*)$", line):
            depth = len(found[1]) // 4
            above[depth] = found[2]
            yield found[2], above.get(depth - 1), found[3]


def test_the_documented_tree_is_the_real_one() -> None:
    real = {
        class_.__name__: class_.__bases__[0].__name__ for class_ in CLASSES if class_ is not SessionboardError
    }
    tree = {name: parent for name, parent, _ in documented()}
    assert tree == {"SessionboardError": None} | real


def test_the_documented_tree_names_the_builtin_bases() -> None:
    named = {name: said.split("(")[1].rstrip(")") for name, _, said in documented() if said.endswith(")")}
    real = {class_.__name__: base.__name__ for class_ in CLASSES for base in class_.__bases__[1:]}
    assert named == real == {name: base.__name__ for name, base in BUILTIN_BASES.items()}


def test_every_error_is_exported_at_the_top() -> None:
    # Read instead of imported: only the names matter.
    source = Path(sessionboard_async.core.__file__ or "").parent.with_name("__init__.py").read_text("utf-8")
    lists = [
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert {class_.__name__ for class_ in CLASSES} <= set(lists[0])


@pytest.mark.parametrize("class_", CLASSES)
def test_every_error_has_its_own_docstring(class_: type[SessionboardError]) -> None:
    assert class_.__doc__
    assert class_.__doc__ is not class_.__bases__[0].__doc__


# Pickles and copies


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("class_", CLASSES)
def test_pickles_and_copies_with_all_attributes(class_: type[SessionboardError], protocol: int) -> None:
    attributes = attributes_of(class_)
    error = class_("It went wrong.", **attributes)  # type: ignore[arg-type]  # chosen by name
    error.add_note("seen by a test")
    for twin in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is class_
        assert str(twin) == str(error)
        assert repr(twin) == repr(error)
        assert vars(twin) == vars(error)
        assert {name: getattr(twin, name) for name in attributes} == attributes
        assert twin.args == ("It went wrong.",)
        assert (twin.method, twin.route, twin.operation, twin.attempts) == (
            "GET",
            "/v1/event/{event_id}/sessions",
            "search-sessions",
            3,
        )


@pytest.mark.parametrize("class_", CLASSES)
def test_needs_only_a_message(class_: type[SessionboardError]) -> None:
    error = class_("It went wrong.")
    assert str(error) == "It went wrong."
    assert (error.method, error.route, error.operation, error.attempts) == (None, None, None, 0)
    assert str(pickle.loads(pickle.dumps(error))) == "It went wrong."


def test_the_context_of_an_error_cannot_be_changed() -> None:
    error = ConnectError("No connection.", context=EVENTS)
    for name in ("method", "route", "operation", "attempts"):
        with pytest.raises(AttributeError):
            setattr(error, name, 5)
    with pytest.raises(AttributeError):
        EVENTS.attempts = 5  # type: ignore[misc]  # the assignment under test
    assert error.context == RequestContext("GET", "/v1/events", operation=None, attempts=0)


# Texts


@pytest.mark.parametrize("class_", CLASSES)
def test_shows_the_request_and_the_number_of_attempts(class_: type[SessionboardError]) -> None:
    text = str(class_("It went wrong.", context=replace(EVENTS, attempts=5)))
    assert text.startswith("GET /v1/events: It went wrong. (after 5 attempts")
    assert "after" not in str(class_("It went wrong.", context=replace(EVENTS, attempts=1)))


def test_shows_retry_after_and_the_request_id() -> None:
    context = replace(EVENTS, attempts=2)
    error = RateLimitError(
        "429: Slow down.", status=429, retry_after=747.0, request_id="req-1", context=context
    )
    assert str(error) == (
        "GET /v1/events: 429: Slow down. (after 2 attempts, the server asks to wait 747 s, request id req-1)"
    )
    assert "wait 0 s" in str(APIError("503", retry_after=0.0))
    assert str(APIError("503", request_id="")) == "503"


def test_shows_which_record_could_not_be_decoded() -> None:
    context = replace(EVENTS, operation="search", attempts=2)
    error = DecodeError("Not read.", page=3, index=0, record_id="a", path="$.x", context=context)
    assert str(error) == (
        "GET /v1/events: Not read. (after 2 attempts, operation search, page 3, index 0, record a, at $.x)"
    )
    assert str(DecodeError("Not read.", path="$")) == "Not read. (at $)"


def test_a_traceback_shows_the_whole_text() -> None:
    error = ConnectError("No connection.", context=replace(EVENTS, attempts=5))
    shown = traceback.format_exception_only(error)[-1]
    assert (
        shown == "sessionboard_async.errors.ConnectError: GET /v1/events: No connection. (after 5 attempts)\n"
    )


# What they can be caught as


@pytest.mark.parametrize(("name", "base"), BUILTIN_BASES.items())
def test_is_also_a_builtin_exception(name: str, base: type[Exception]) -> None:
    with pytest.raises(base):
        raise getattr(errors, name)("It went wrong.")


def test_unrelated_classes_do_not_catch_each_other() -> None:
    assert issubclass(ClientClosedError, RuntimeError)
    assert issubclass(WrongEventLoopError, RuntimeError)
    assert not issubclass(DeadlineExceededError, TransportError)
    assert not issubclass(ConfigurationError, errors.ClientStateError)
    assert ConnectError("x").transient is True
    assert isinstance(AttemptTimeoutError("x"), TransportError)


def test_a_timeout_has_no_errno() -> None:
    for error in (AttemptTimeoutError("x", context=EVENTS), DeadlineExceededError("x")):
        assert (error.errno, error.strerror, error.filename) == (None, None, None)
