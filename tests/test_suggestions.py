"""Misspelt names are answered with the name that was probably meant, before any request."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from sessionboard_async import (
    AsyncSession,
    AuthenticationError,
    ConfigurationError,
    Create,
    Update,
    testing,
)
from sessionboard_async._suggestions import did_you_mean
from sessionboard_async.change_feed import changes
from sessionboard_async.models import Contact, CustomFieldValue, Session
from sessionboard_async.testing import EmbeddedServer

pytestmark = pytest.mark.anyio

Misuse = Callable[[AsyncSession], object]


@pytest.mark.parametrize(
    ("misspelt", "expected"),
    [
        (["stauts"], "; did you mean 'status'?"),
        (["SORT "], "; did you mean 'sort'?"),
        (["osrt"], "; did you mean 'sort'?"),
        (["stauts", "srot"], "; did you mean 'status' and 'sort'?"),
        (["colour of the room"], ""),
        ([7, None], ""),
        ([], ""),
    ],
)
def test_a_suggestion_names_what_is_close(misspelt: list[object], expected: str) -> None:
    assert did_you_mean(misspelt, ["status", "sort", "expand"]) == expected


SEARCHES: list[tuple[Misuse, str]] = [
    (lambda sb: sb.sessions.search(1, stauts="accepted"), "status"),  # type: ignore[call-arg]  # misspelt
    (lambda sb: sb.sessions.search(1, status="acepted"), "accepted"),  # type: ignore[arg-type]  # misspelt
    (lambda sb: sb.sessions.search(1, expand=["translated_feilds"]), "translated_fields"),  # type: ignore[list-item]
    (lambda sb: changes(sb, 1, resources=["sesions"]), "sessions"),
]


@pytest.mark.parametrize(("misuse", "meant"), SEARCHES)
async def test_a_misspelt_argument_of_a_search_is_answered_with_the_right_one(
    misuse: Misuse, meant: str
) -> None:
    async with AsyncSession("a-token", base_url="http://127.0.0.1:1") as sb:
        with pytest.raises((TypeError, ValueError), match=f"did you mean '{meant}'"):
            misuse(sb)


async def test_a_misspelt_field_of_a_write_is_answered_with_the_right_one() -> None:
    async with AsyncSession("a-token", base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(TypeError, match="did you mean 'title'"):
            await sb.sessions.create(1, titel="x")  # type: ignore[call-arg]  # misspelt
        for operation in (Create({"titel": "x"}), Update("id", {"titel": "x"})):
            with pytest.raises(TypeError, match=r"operation 0: .*did you mean 'title'"):
                await sb.sessions.bulk(1, [operation])


async def test_a_pager_says_how_it_is_read() -> None:
    async with AsyncSession("a-token", base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(TypeError, match="async for"):
            list(sb.sessions.search(1))  # type: ignore[call-overload]  # the mistake


@pytest.mark.parametrize("token", ["Bearer abc.def.ghi", "bearer abc"])
def test_a_token_with_its_type_before_it_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ConfigurationError, match="token_type='Bearer'") as caught:
        AsyncSession(token)
    assert "abc" not in str(caught.value)


def test_translations_that_were_not_read_are_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "sessionboard_async")
    for record in (Contact(id="1"), Contact(id="2"), Session(id="3")):
        record.translated("fr")
    named = [record.getMessage() for record in caplog.records if "Contact" in record.getMessage()]
    assert len(named) <= 1
    assert all('expand=["translated_fields"]' in record.getMessage() for record in caplog.records)


async def test_a_refused_token_is_always_answered_with_a_hint_about_the_region() -> None:
    async with (
        EmbeddedServer(sessions=1, contacts=1, speakers=1, events=1) as server,
        AsyncSession("another-token", base_url=server.base_url) as sb,
    ):
        with pytest.raises(AuthenticationError, match="belongs to the other region"):
            await sb.events.list().collect()


def test_a_misspelt_custom_field_is_answered_with_the_right_one_unless_there_is_a_default() -> None:
    fields = (
        CustomFieldValue(internal_name="audience", value="All"),
        CustomFieldValue(internal_name="poster"),
    )
    talk = Session(custom_fields=fields)
    with pytest.raises(LookupError, match="no custom field 'audiance'; did you mean 'audience'"):
        talk.custom("audiance")
    assert talk.custom("audiance", default=None) is None
    assert talk.custom("audience") == "All"
    # One of several fields, and one that is null, may well be missing.
    assert (talk.custom("poster_2"), talk.custom("poster"), talk.custom("poster", 1)) == (None, None, 1)


async def test_closing_without_waiting_is_answered_with_the_method_that_waits() -> None:
    async with AsyncSession("a-token", base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(AttributeError, match=r"no attribute 'close': .*`await sb\.aclose\(\)`"):
            sb.close()  # type: ignore[attr-defined]  # the mistake
        with pytest.raises(AttributeError, match=r"'AsyncSession' object has no attribute 'speeches'$"):
            sb.speeches  # type: ignore[attr-defined]  # noqa: B018


async def test_a_misspelt_service_or_method_is_answered_with_the_right_one() -> None:
    async with AsyncSession("a-token", base_url="http://127.0.0.1:1") as sb:
        answering = sb.with_response
    misspelt: list[tuple[object, str, str]] = [
        (sb, "sesions", "sessions"),
        (sb.sessions, "serach", "search"),
        (answering, "sesions", "sessions"),
        (answering.sessions, "gett", "get"),
        (testing, "EmbededServer", "EmbeddedServer"),
    ]
    for owner, name, meant in misspelt:
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'") as caught:
            getattr(owner, name)
        # From these Python makes the suggestion that it prints.
        assert (caught.value.name, caught.value.obj) == (name, owner)
        assert meant in dir(owner)
    # Python cannot suggest a method that is not there.
    with pytest.raises(AttributeError, match=r"no attribute 'serach'; did you mean 'search'\?$"):
        getattr(answering.sessions, "serach")  # noqa: B009  # type checkers know that it is not there
