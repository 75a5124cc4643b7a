"""``sessionboard serve``."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import get_args

import click

from sessionboard_async.cli.arguments import finite
from sessionboard_async.cli.output import show
from sessionboard_async.cli.runner import run_command
from sessionboard_async.testing import EmbeddedServer, ServerLimits
from sessionboard_async.testing.rate_limits import HeaderStyle


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="The port; a free one by default.",
)
@click.option(
    "--events",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    metavar="NUMBER",
    help="The number of events.",
)
@click.option(
    "--sessions",
    type=click.IntRange(0),
    default=120,
    show_default=True,
    metavar="NUMBER",
    help="The number of sessions of each event.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, metavar="NUMBER", help="The seed of all generated data."
)
@click.option(
    "--latency",
    type=click.FloatRange(0),
    callback=finite,
    default=0.0,
    metavar="SECONDS",
    help="The time before each response; none by default.",
)
@click.option("--limit", metavar="REQUESTS/SECONDS", help="Limit the requests per category, such as 20/2.")
@click.option(
    "--limit-headers",
    type=click.Choice(get_args(HeaderStyle)),
    help="The style of rate-limit headers; draft-6 by default.",
)
@click.option("--limit-searches", is_flag=True, help="Limit searches and the list of events, too.")
def serve(
    port: int,
    events: int,
    sessions: int,
    seed: int,
    latency: float,
    limit: str | None,
    limit_headers: HeaderStyle | None,
    limit_searches: bool,
) -> None:
    """Run a server with generated data on this machine, until Ctrl-C.

    Once it accepts connections, it prints the command that makes other commands of a shell use it.
    """
    limits = None
    if limit is not None:
        limits = _limits(limit, limit_headers or "draft-6", limit_searches)
    elif limit_headers or limit_searches:
        raise click.UsageError("--limit-headers and --limit-searches need --limit")
    server = EmbeddedServer(
        port=port, events=events, sessions=sessions, seed=seed, latency=latency, limits=limits
    )
    run_command(_serve(server))


def _limits(limit: str, headers: HeaderStyle, searches: bool) -> ServerLimits:
    requests, _, seconds = limit.partition("/")
    try:
        return ServerLimits(requests=int(requests), window=float(seconds), headers=headers, searches=searches)
    except ValueError:
        raise click.UsageError(
            f"--limit must be requests/seconds, both positive, such as 20/2, not {limit!r}"
        ) from None


async def _serve(server: EmbeddedServer) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # On Windows, Ctrl-C cancels this task instead.
            loop.add_signal_handler(name, stop.set)
    async with server:
        show(f"Serving on {server.base_url} until Ctrl-C. In another terminal:", err=True)
        click.echo(f"export SESSIONBOARD_BASE_URL={server.base_url} SESSIONBOARD_TOKEN='{server.token}'")
        show(f"sessionboard export {server.event_id} --to export", err=True)
        await stop.wait()
