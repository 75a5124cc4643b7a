"""An application of each web framework: one record, a list, and a stream that reports errors in time."""

# The decorators of a framework that is imported by its name have no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import importlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openapi_spec_validator import validate

from sessionboard_async import APIError, AsyncSession, Retry
from sessionboard_async.models import Session
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.support.web_apps import App, Client, asgi_client, web_client

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.untraced,
    pytest.mark.usefixtures("unchanged_logging"),
    # Of the frameworks, with each other's newest versions.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

EVENT = 4630


def sb_of(server: EmbeddedServer, token: str | None = None) -> AsyncSession:
    return AsyncSession(token or server.token, base_url=server.base_url, retry=Retry(attempts=1), region="us")


async def lines(stream: AsyncIterator[Session]) -> AsyncIterator[str]:
    async for talk in stream:
        yield talk.to_json() + "\n"


def status_of(error: APIError) -> int:
    """Pass on what the visitor can act on; everything else is a failure of the API."""
    return error.status if error.status in (401, 404) else 503


def fastapi_app(sb: AsyncSession) -> App:
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import StreamingResponse

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with sb:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/talks/{id_}")
    async def one(id_: str) -> Session:
        try:
            return await sb.sessions.get(EVENT, id_)
        except APIError as error:
            raise HTTPException(status_of(error)) from None

    @app.get("/talks", response_model=list[Session])
    async def several() -> list[Session]:
        return await sb.sessions.search(EVENT).collect(limit=3)

    @app.get("/stream")
    async def everything(event: int = EVENT) -> Any:
        try:
            stream = await sb.sessions.search(event).stream()
        except APIError as error:
            raise HTTPException(status_of(error)) from None
        return StreamingResponse(lines(stream), media_type="application/x-ndjson")

    return app


def starlette_app(sb: AsyncSession) -> App:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sb:
            yield

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, APIError)
        return JSONResponse({"error": error.code}, status_code=status_of(error))

    async def one(request: Request) -> Response:
        talk = await sb.sessions.get(EVENT, request.path_params["id_"])
        return Response(talk.to_json(), media_type="application/json")

    async def several(_: Request) -> Response:
        talks = await sb.sessions.search(EVENT).collect(limit=3)
        return JSONResponse([talk.to_dict() for talk in talks])

    async def everything(request: Request) -> Response:
        stream = await sb.sessions.search(request.query_params.get("event", EVENT)).stream()
        return StreamingResponse(lines(stream), media_type="application/x-ndjson")

    return Starlette(
        routes=[Route("/talks/{id_}", one), Route("/talks", several), Route("/stream", everything)],
        exception_handlers={APIError: refused},
        lifespan=lifespan,
    )


def litestar_app(sb: AsyncSession) -> App:
    litestar = importlib.import_module("litestar")
    response = importlib.import_module("litestar.response")

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with sb:
            yield

    def refused(_: object, error: APIError) -> Any:
        return litestar.Response({"error": error.code}, status_code=status_of(error))

    async def one(id_: str) -> Session:
        return await sb.sessions.get(EVENT, id_)

    async def several() -> list[Session]:
        return await sb.sessions.search(EVENT).collect(limit=3)

    async def everything(event: int = EVENT) -> Any:
        stream = await sb.sessions.search(event).stream()
        return response.Stream(lines(stream), media_type="application/x-ndjson")

    # Annotations of functions inside functions, for a framework that reads them.
    everything.__annotations__["return"] = response.Stream
    routes = [
        litestar.get("/talks/{id_:str}", sync_to_thread=None)(one),
        litestar.get("/talks")(several),
        litestar.get("/stream")(everything),
    ]
    app: App = litestar.Litestar(routes, lifespan=[lifespan], exception_handlers={APIError: refused})
    return app


def quart_app(sb: AsyncSession) -> App:
    quart = importlib.import_module("quart")
    app = quart.Quart("tour")

    @app.while_serving
    async def lifespan() -> AsyncIterator[None]:
        async with sb:
            yield

    @app.errorhandler(APIError)
    async def refused(error: APIError) -> Any:
        return {"error": error.code}, status_of(error)

    @app.get("/talks/<id_>")
    async def one(id_: str) -> Any:
        return (await sb.sessions.get(EVENT, id_)).to_dict()

    @app.get("/talks")
    async def several() -> Any:
        return [talk.to_dict() for talk in await sb.sessions.search(EVENT).collect(limit=3)]

    @app.get("/stream")
    async def everything() -> Any:
        stream = await sb.sessions.search(quart.request.args.get("event", EVENT)).stream()
        return quart.Response(lines(stream), content_type="application/x-ndjson")

    served: App = app
    return served


@asynccontextmanager
async def aiohttp_client(sb: AsyncSession) -> AsyncIterator[Client]:
    """A client of an application of aiohttp, which runs on a socket."""
    from aiohttp import web

    async def lifespan(_: web.Application) -> AsyncIterator[None]:
        async with sb:
            yield

    @web.middleware
    async def refused(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except APIError as error:
            return web.json_response({"error": error.code}, status=status_of(error))
        return answer

    async def one(request: web.Request) -> web.StreamResponse:
        talk = await sb.sessions.get(EVENT, request.match_info["id_"])
        return web.Response(text=talk.to_json(), content_type="application/json")

    async def several(_: web.Request) -> web.StreamResponse:
        return web.json_response([talk.to_dict() async for talk in sb.sessions.search(EVENT, limit=3)])

    async def everything(request: web.Request) -> web.StreamResponse:
        stream = await sb.sessions.search(request.query.get("event", EVENT)).stream()
        answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await answer.prepare(request)
        async for line in lines(stream):
            await answer.write(line.encode())
        return answer

    app = web.Application(middlewares=[refused])
    app.cleanup_ctx.append(lifespan)
    app.add_routes([web.get("/talks/{id_}", one), web.get("/talks", several), web.get("/stream", everything)])
    async with web_client(app) as client:
        yield client


FRAMEWORKS: dict[str, Callable[[AsyncSession], App] | None] = {
    "fastapi": fastapi_app,
    "starlette": starlette_app,
    "litestar": litestar_app,
    "quart": quart_app,
    "aiohttp": None,
}


@asynccontextmanager
async def client_of(name: str, sb: AsyncSession) -> AsyncIterator[Client]:
    pytest.importorskip(name)
    make = FRAMEWORKS[name]
    async with aiohttp_client(sb) if make is None else asgi_client(make(sb)) as client:
        yield client
    assert sb.closed


@pytest.mark.parametrize("name", FRAMEWORKS)
async def test_records_leave_an_application_under_the_names_of_the_api(
    name: str, sessionboard_server: EmbeddedServer
) -> None:
    async with sb_of(sessionboard_server) as sb:
        talks = await sb.sessions.search(EVENT).collect()
    async with client_of(name, sb_of(sessionboard_server)) as client:
        one = await client.get(f"/talks/{talks[0].id}")
        several = await client.get("/talks")
        stream = await client.get("/stream")

    assert (one.status_code, several.status_code, stream.status_code) == (200, 200, 200)
    assert "starts_at" in one.json()
    assert Session.from_json(one.content).id == talks[0].id
    assert [Session.from_dict(values).id for values in several.json()] == [talk.id for talk in talks[:3]]
    assert stream.headers["content-type"].startswith("application/x-ndjson")
    assert [Session.from_json(line) for line in stream.text.splitlines()] == talks


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize("status", [401, 404, 503])
async def test_a_stream_answers_an_error_with_its_status(
    name: str, status: int, sessionboard_server: EmbeddedServer
) -> None:
    if status == 503:
        sessionboard_server.faults.append(Fault("status", every=1, status=503))
    sb = sb_of(sessionboard_server, "wrong" if status == 401 else None)
    async with client_of(name, sb) as client:
        answer = await client.get("/stream", params={"event": "999" if status == 404 else str(EVENT)})
    assert answer.status_code == status


async def test_fastapi_describes_records_in_openapi(sessionboard_server: EmbeddedServer) -> None:
    async with client_of("fastapi", sb_of(sessionboard_server)) as client:
        document = (await client.get("/openapi.json")).json()

    validate(document)
    schemas = document["components"]["schemas"]
    one = document["paths"]["/talks/{id_}"]["get"]["responses"]["200"]["content"]["application/json"]
    several = document["paths"]["/talks"]["get"]["responses"]["200"]["content"]["application/json"]
    assert one["schema"] == {"$ref": "#/components/schemas/Session"}
    assert several["schema"]["items"] == one["schema"]
    properties = schemas["Session"]["properties"]
    assert {"id", "title", "starts_at", "room", "speakers"} <= properties.keys()
    assert {"format": "date-time", "type": "string"} in properties["starts_at"]["anyOf"]
    assert {"$ref": "#/components/schemas/Room"} in properties["room"]["anyOf"]
    assert "required" not in schemas["Session"]
    assert not {name for name in schemas if "-" in name or "__" in name}
    assert json.dumps(document)
