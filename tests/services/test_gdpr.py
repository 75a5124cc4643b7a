"""GDPR requests over a real socket: they are stored, and errors never show the person."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from sessionboard_async import APIError, AsyncSession, ConnectionLostError, PermissionDeniedError
from sessionboard_async.models import GDPRMatches, GDPRRequest
from sessionboard_async.testing import Fault
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer
from tests.support.place import Place, opened

pytestmark = pytest.mark.anyio

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

ADDRESS = "Ada.Private@example.org"


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with opened() as place:
        yield place


async def test_a_request_tells_what_belongs_to_the_person(place: Place) -> None:
    contact = await place.sb.contacts.search(place.event).first()
    assert contact is not None
    asked = await place.sb.gdpr.create(request_type="access", identity_value=str(contact.email))
    assert place.called() == ["create-gdpr-request"]
    assert place.sent() == {
        "requestType": "access",
        "identityType": "email",
        "identityValue": contact.email,
    }
    assert (asked.request_type, asked.identity_type, asked.identity_value) == (
        "access",
        "email",
        contact.email,
    )
    assert (asked.status, asked.org_id, asked.matching_user_exists) == (
        "pending",
        place.server.org_id,
        True,
    )
    assert isinstance(asked.response, GDPRMatches)
    assert asked.response.contact_records == (contact.id,)
    assert place.event in (asked.response.event_users or ())


async def test_there_may_be_no_such_person(place: Place) -> None:
    asked = await place.sb.gdpr.create(request_type="erasure", identity_type="email", identity_value=ADDRESS)
    assert asked.matching_user_exists is False
    assert asked.response is not None
    assert asked.response.contact_records == ()


async def test_requests_are_listed(place: Place) -> None:
    assert await place.sb.gdpr.list().collect() == []
    made = [
        await place.sb.gdpr.create(request_type=kind, identity_value=ADDRESS)
        for kind in ("access", "erasure")
    ]
    assert await place.sb.gdpr.list().collect() == made
    assert await place.sb.gdpr.list(limit=1).collect() == made[:1]
    assert await place.sb.gdpr.list().count() == 2
    assert place.called() == ["list-gdpr-requests"]
    assert dict(place.server.requests[-1].query) == {}


async def test_lists_come_in_both_envelopes(serve: Serve) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "g-1", "response": {}}], "pagination": {}})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        assert await sb.gdpr.list().collect() == [GDPRRequest(id="g-1", response=None)]


async def test_any_token_may_ask_since_no_scope_is_documented(place: Place) -> None:
    async with place.other_client(scopes=["read:sponsors"], hide_personal_data=True) as other:
        asked = await other.gdpr.create(request_type="access", identity_value=ADDRESS)
        assert asked.identity_value == "A***@e***.org"
        with pytest.raises(ValueError, match="identity_value is masked"):
            await other.gdpr.create(request_type="erasure", identity_value=str(asked.identity_value))
        masked = await other.gdpr.create(
            request_type="access", identity_value=str(asked.identity_value), allow_masked=True
        )
        assert masked.identity_value == asked.identity_value
        with pytest.raises(PermissionDeniedError):
            await other.events.list().collect()


async def test_what_cannot_be_right_is_not_sent(place: Place) -> None:
    gdpr = place.sb.gdpr
    with pytest.raises(ValueError, match="request_type must be one of erasure, access"):
        await gdpr.create(request_type="delete", identity_value=ADDRESS)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="identity_type must be one of email"):
        await gdpr.create(
            request_type="access",
            identity_type="phone",  # type: ignore[arg-type]  # wrong on purpose
            identity_value=ADDRESS,
        )
    with pytest.raises(TypeError, match="identity_value must be str, not NoneType"):
        await gdpr.create(request_type="access", identity_value=None)  # type: ignore[arg-type]  # wrong on purpose
    for blank in ("", " \n"):
        with pytest.raises(ValueError, match="identity_value must not be empty"):
            await gdpr.create(request_type="erasure", identity_value=blank)
    with pytest.raises(ValueError, match="page_size"):
        gdpr.list(page_size=0)
    assert not place.server.requests


async def test_the_address_shows_nowhere(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asked = await place.sb.gdpr.create(request_type="access", identity_value=ADDRESS)
    pager = place.sb.gdpr.list()
    assert asked in await pager.collect()
    shown = f"{asked!r} {asked} {asked.response!r} {pager!r} {place.sb.gdpr!r} {place.server.requests[0]!r}"
    assert ADDRESS not in shown
    assert ADDRESS not in caplog.text
    assert "GDPRRequest(id=" in shown


@pytest.mark.parametrize("status", [400, 409, 422, 500])
async def test_no_error_repeats_the_address(
    serve: Serve, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG)

    async def echo(request: web.Request) -> web.Response:
        value = (await request.json())["identityValue"]
        return web.json_response(
            {"error": f"Bad {value}", "message": f"{value.lower()} is refused"}, status=status
        )

    server = await serve(echo)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        with pytest.raises(APIError) as refused:
            await sb.gdpr.create(request_type="erasure", identity_value=ADDRESS)
    assert len(server.requests) == 1
    error = refused.value
    assert error.api_message
    assert "is refused" in error.api_message
    shown = [str(error), repr(error), error.api_message, str(error.code), caplog.text]
    shown += traceback.format_exception(error)
    shown.append(str(pickle.dumps(error)))
    assert ADDRESS.lower() not in "\n".join(shown).lower()


async def test_a_request_that_may_have_arrived_is_not_sent_again(place: Place) -> None:
    place.server.faults.append(Fault("close_before", on=1, operation="create-gdpr-request"))
    with pytest.raises(ConnectionLostError) as lost:
        await place.sb.gdpr.create(request_type="erasure", identity_value=ADDRESS)
    assert place.called(2) == ["create-gdpr-request"]
    assert ADDRESS not in "".join(traceback.format_exception(lost.value))
    assert len(await place.sb.gdpr.list().collect()) <= 1
