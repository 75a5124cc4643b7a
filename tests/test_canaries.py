"""The watch finds what it watches for; and signatures and addresses come out nowhere."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import web
from rich.pretty import pretty_repr

from sessionboard_async import (
    AsyncSession,
    Checkpoint,
    Create,
    RateLimits,
    Response,
    Retry,
    SessionboardError,
    Update,
)
from sessionboard_async.change_feed import Change
from sessionboard_async.core.http.base_url import validate_base_url
from sessionboard_async.core.http.request import Request
from sessionboard_async.core.http.transfers.transfer import Transfer
from sessionboard_async.models import Contact, OAuthTokens, UploadAddress
from sessionboard_async.sqlite import Database
from tests.support.canaries import EMAIL, SIGNATURE, CanaryWatch, chain, found_in, texts_of
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, RawHandler, read_request

Serve = Callable[[Handler], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

PLANTED = (TOKEN, SIGNATURE, EMAIL)
SIGNED = SIGNATURE.encode()

ONCE = Retry(attempts=1)


# The watch


@pytest.mark.parametrize("canary", [*PLANTED, quote(TOKEN, safe="")])
def test_the_watch_finds_a_canary_wherever_it_is(canary: str) -> None:
    watch = CanaryWatch()
    plain, chained = ValueError("x"), ValueError("x")
    chained.__context__ = ValueError(canary)
    plain.__dict__["kept"] = [canary]
    for error in (ValueError(canary), plain, chained, ExceptionGroup("x", [ValueError(canary)])):
        assert any(map(found_in, texts_of(error)))
    for record in (
        logging.makeLogRecord({"msg": f"a {canary}"}),
        logging.makeLogRecord({"msg": "a %s", "args": (canary,)}),
        logging.makeLogRecord({"msg": "a %.1s", "args": (canary,)}),
    ):
        watch.emit(record)
        assert len(watch.take()) == 1
    watch.search("the output", "nothing")
    assert watch.take() == []


def test_the_watch_searches_the_errors_of_the_package_only() -> None:
    watch = CanaryWatch()
    for raises in (lambda: validate_base_url(f"http://{EMAIL}"), lambda: int(EMAIL)):
        try:
            raises()
        except ValueError as error:
            error.__dict__["kept"] = EMAIL
            watch.search_error(error)
    assert len(watch.take()) > 0
    try:
        int(EMAIL)
    except ValueError as error:
        watch.search_error(error)
    assert watch.take() == []


# What the package says


def check(*things: object) -> None:
    for thing in things:
        for text in texts_of(thing) if isinstance(thing, BaseException) else (f"{thing!r} {thing}",):
            assert found_in(text) is None


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_left")
class TestOverSockets:
    """Answers that repeat every secret and address, and uploads that fail in every way."""

    @pytest.mark.parametrize("status", [200, 302, 400, 404, 429, 500])
    async def test_no_member_of_a_refusal_shows_one(
        self, serve: Serve, caplog: pytest.LogCaptureFixture, status: int
    ) -> None:
        said = f"no {EMAIL}, {TOKEN} at https://s.example/a?{SIGNATURE}&x=1 ok"
        bodies: list[dict[str, object]] = [
            {name: said} for name in ("message", "error", "code", "detail", "title")
        ]
        bodies += [{"errors": [said]}, {"error": {"code": said, "message": said}}]
        left = iter(bodies)

        async def refuse(_: web.Request) -> web.StreamResponse:
            headers = {"X-Request-Id": f"for {EMAIL} {TOKEN}", "Location": f"/x?{SIGNATURE}"}
            return web.json_response(
                {**next(left), "id": 1, "starts_at": EMAIL}, status=status, headers=headers
            )

        caplog.set_level(logging.DEBUG)
        server = await serve(refuse)
        async with AsyncSession(TOKEN, base_url=server.base_url, retry=ONCE, limits=None) as sb:
            for _ in range(7):
                try:
                    await sb.sessions.get(1, "a")
                except SessionboardError as error:
                    check(error)
        assert len(server.requests) == 7
        assert found_in(caplog.text) is None

    @pytest.mark.parametrize("answer", ["refused", "broken", "garbage", "redirect"])
    async def test_no_failed_upload_shows_its_address(
        self, serve_bytes: ServeBytes, caplog: pytest.LogCaptureFixture, answer: str
    ) -> None:
        said = f"<Error>{SIGNATURE} {EMAIL}</Error>".encode()
        sent = {
            "refused": b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said),
            "redirect": b"HTTP/1.1 307 No\r\nLocation: /?%b\r\nContent-Length: 0\r\n\r\n"
            % SIGNATURE.encode(),
            "broken": b"",
            "garbage": said + b"\r\n\r\n",
        }[answer]

        async def refuse(reader: Any, writer: Any) -> None:
            await read_request(reader)
            writer.write(sent)
            await writer.drain()

        caplog.set_level(logging.DEBUG)
        address = f"{await serve_bytes(refuse)}/{EMAIL}?{SIGNATURE}"
        upload = UploadAddress(url=address, method="PUT", headers={"x-mine": SIGNATURE})
        async with AsyncSession(TOKEN, retry=IMPATIENT) as sb:
            with pytest.raises(SessionboardError) as caught:
                await sb.send_file(upload, b"content")
            check(caught.value)
            for wrong in (
                address.replace("http:", "ftp:"),
                f"https://..?{SIGNATURE}",
                f"https://[?{SIGNATURE}",
            ):
                with pytest.raises(ValueError, match="upload address") as refused:
                    await sb.send_file(UploadAddress(url=wrong), b"content")
                check(refused.value)
        assert found_in(caplog.text) is None


def test_no_error_of_the_database_keeps_a_record(tmp_path: Path) -> None:
    change = Change(kind="upsert", resource="contacts", id="a", record={"id": "a", "email": EMAIL})
    with Database(tmp_path / "copy.db", event_id=1, base_url="https://x") as database:
        with closing(sqlite3.connect(tmp_path / "copy.db")) as other:
            other.execute(
                "CREATE TRIGGER no BEFORE INSERT ON contacts BEGIN SELECT raise(ABORT, 'refused'); END"
            )
            other.commit()
        with pytest.raises(OSError, match="refused") as caught:
            database.apply([change], Checkpoint(version=1, query={}, progress={}))
    for error in chain(caught.value):
        check(error)
        assert EMAIL not in repr(getattr(error, "params", None))


def test_no_repr_shows_a_credential_or_personal_data() -> None:
    address = UploadAddress(url=f"https://s.example/?{SIGNATURE}", headers={"x-a": SIGNATURE})
    things = (
        address,
        OAuthTokens(access_token=TOKEN, refresh_token=TOKEN),
        Contact(id="c", email=EMAIL),
        RateLimits.shared(f"redis://user:{quote(TOKEN, safe='')}@host/0"),
        Response(200, {"x-access-token": TOKEN}, EMAIL.encode()),
        Request("GET", "/v1/a", f"/v1/a?email={EMAIL}", body=EMAIL.encode(), secrets=(TOKEN,)),
        Transfer(address=address.url, headers={"x-a": SIGNATURE}, form={"email": EMAIL}),
        Create({"email": EMAIL}),
        Update("a", {"email": EMAIL}),
        Change(kind="upsert", resource="contacts", id="c", record={"email": EMAIL}),
    )
    for thing in (*things, list(things), {"thing": things}):
        check(thing)
        assert found_in(pretty_repr(thing)) is None


def structs(kind: type[msgspec.Struct] = msgspec.Struct) -> set[type[msgspec.Struct]]:
    """Return all struct classes of the package."""
    found = {inner for below in kind.__subclasses__() for inner in (below, *structs(below))}
    return {one for one in found if one.__module__.startswith("sessionboard_async")}


def test_what_hides_a_value_from_repr_hides_it_from_rich_too() -> None:
    """Rich shows what ``__rich_repr__`` yields: by default, every field."""
    leaky = [
        one.__name__
        for one in structs()
        if one.__repr__ is not msgspec.Struct.__repr__ and one.__rich_repr__ is msgspec.Struct.__rich_repr__
    ]
    assert leaky == []
