"""Each method's signature, as ``inspect`` sees it, is what the method accepts."""

from __future__ import annotations

import inspect
import pydoc
from collections.abc import Callable, Iterator
from copy import copy
from io import BytesIO
from types import NoneType
from typing import Any, get_args
from uuid import UUID

import pytest

from sessionboard_async import AsyncSession, ConnectError, RecordSearch, Retry
from sessionboard_async.services import SERVICES, Sessions, load_services

pytestmark = pytest.mark.anyio

VALUES: dict[str, Any] = {
    "operations": [],
    "source": b"x",
    "to": BytesIO(),
    "filename": "a",
    "parts": [(1, "e")],
    "part_numbers": [1],
    "size_bytes": 1,
    "custom_fields": {},
    "request_type": "access",
    "type": "summary",
    "code_challenge": "A" * 43,
    "code_verifier": "A" * 43,
    "document_type": "recap",
}
"""Values of arguments that have no default, or that a call needs though they have one; others are ``"x"``."""

NEEDED = {"sponsors.create": "name", "exhibitors.create": "name", "files.upload": "filename"}
"""Arguments with a default that a call needs in some cases."""

ONLY_WITH_A_FORMAT = {"insights.execute": "page", "insights.run_query": "page"}


def methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, service in load_services().items():
        for verb, method in inspect.getmembers(service, inspect.isfunction):
            if not verb.startswith("_"):
                yield f"{name}.{verb}", method


METHODS = dict(methods())
NAMED = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY


def parameters(name: str) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(METHODS[name]).parameters)
    del found["self"]
    found.pop(ONLY_WITH_A_FORMAT.get(name, ""), None)
    return found


def arguments(name: str) -> dict[str, Any]:
    """Return a value for every parameter: its default, if it has one."""
    return {
        key: VALUES.get(key, "x") if one.default is one.empty or key == NEEDED.get(name) else one.default
        for key, one in parameters(name).items()
    }


async def outcome(sb: AsyncSession, name: str, given: dict[str, Any]) -> object:
    service, verb = name.split(".")
    try:
        made = getattr(getattr(sb, service), verb)(**given)
        answer: object = await made if inspect.isawaitable(made) else made
    except ConnectError:
        return ConnectError
    return answer.__class__


async def test_every_method_accepts_exactly_what_its_signature_shows() -> None:
    async with AsyncSession("a-token", base_url="http://127.0.0.1:1", retry=Retry(attempts=1)) as sb:
        for name in METHODS:
            shown = parameters(name)
            assert {one.kind for one in shown.values()} <= {*NAMED}, name
            assert all(one.annotation is not one.empty for one in shown.values()), name
            everything = arguments(name)
            least = {
                key: value
                for key, value in everything.items()
                if shown[key].default is shown[key].empty or key == NEEDED.get(name)
            }
            assert await outcome(sb, name, everything) is await outcome(sb, name, least), name
            for missing in (key for key in least if shown[key].default is shown[key].empty):
                with pytest.raises(TypeError, match="missing"):
                    await outcome(sb, name, {key: least[key] for key in least if key != missing})
            with pytest.raises(TypeError, match="no_such_keyword"):
                await outcome(sb, name, {**least, "no_such_keyword": 1})


def is_id(name: str) -> bool:
    """Whether a parameter is the id of a record: those of applications and uploads are texts."""
    return (name in {"id", "record"} or name.endswith("_id")) and name not in {"client_id", "upload_id"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_id_may_be_a_uuid_and_is_never_none_unless_it_may_be_left_out(service: str) -> None:
    for name in (name for name in METHODS if name.split(".")[0] == service):
        for key, one in parameters(name).items():
            if is_id(key):
                options = get_args(one.annotation) or get_args(getattr(one.annotation, "__bound__", None))
                assert {UUID, str} <= {*options}, (name, key)
                assert (NoneType in options) <= (one.default is not one.empty), (name, key)


def test_help_shows_every_keyword_with_its_type_and_default() -> None:
    for shown in (pydoc.plain(pydoc.render_doc(Sessions.search)), str(inspect.signature(Sessions.search))):
        for keyword in RecordSearch.__optional_keys__:
            assert f"{keyword}: " in shown
        assert "page_size: int = 100" in shown
        assert "**" not in shown.splitlines()[0]


def test_a_signature_can_be_bound_changed_and_copied() -> None:
    signature = inspect.signature(Sessions.search)
    assert signature.bind(None, 4630, sort="created_at").arguments["sort"] == "created_at"
    assert signature.replace(return_annotation=int).return_annotation is int
    assert copy(signature) == signature
    assert hash(copy(signature)) == hash(signature)
