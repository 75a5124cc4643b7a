"""How a command connects, runs, and ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, get_args

import click

from sessionboard_async import AsyncSession, RateLimits, SessionboardError, Timeout
from sessionboard_async.cli.display import StatusDisplay
from sessionboard_async.cli.waits import report_waits
from sessionboard_async.core.http.base_url import Region
from sessionboard_async.testing import EmbeddedServer

P = ParamSpec("P")

_INTERRUPTED = 130
_TERMINATED = 143


@dataclass(frozen=True)
class Connection:
    """Where to connect, as the options say."""

    token: str | None
    region: Region | None
    base_url: str | None
    embedded: bool

    @asynccontextmanager
    async def open(
        self, screen: StatusDisplay | None = None, *, concurrency: int = 8
    ) -> AsyncGenerator[AsyncSession, None]:
        """Open a session, on an embedded server where that was asked for.

        It waits for the rate limits as long as they ask, and shows it.

        Args:
            screen: Where waits are shown.
            concurrency: The most requests at a time.
        """
        async with AsyncExitStack() as stack:
            token, region, base_url = self.token, self.region, self.base_url
            if self.embedded:
                server = await stack.enter_async_context(EmbeddedServer())
                token, region, base_url = server.token, None, server.base_url
            screen = stack.enter_context(StatusDisplay() if screen is None else screen)
            sb = AsyncSession(
                token,
                region=region,
                base_url=base_url,
                pool_size=concurrency,
                timeout=Timeout(total=None),
                limits=RateLimits(max_wait=None, concurrency=concurrency),
            )
            await stack.enter_async_context(sb)
            await stack.enter_async_context(report_waits(sb.limits, screen.show_waits))
            yield sb


def with_connection(
    command: Callable[Concatenate[Connection, P], Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """Give a command the options that say where to connect, and run it."""

    @click.option(
        "--token",
        envvar="SESSIONBOARD_TOKEN",
        help="The API token. Better set SESSIONBOARD_TOKEN.",
    )
    @click.option(
        "--region",
        envvar="SESSIONBOARD_REGION",
        type=click.Choice(get_args(Region)),
        help="Where the organization's data lies.",
    )
    @click.option("--base-url", envvar="SESSIONBOARD_BASE_URL", help="Another address than the region's.")
    @click.option("--embedded", is_flag=True, help="Use a server of invented data; no token, no network.")
    def run(
        token: str | None,
        region: Region | None,
        base_url: str | None,
        embedded: bool,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        run_command(command(Connection(token, region, base_url, embedded), *args, **kwargs))

    return update_wrapper(run, command)


def run_command(work: Coroutine[Any, Any, None]) -> None:
    """Run what a command does; an error is one line, and the exit status tells how it ended."""
    try:
        asyncio.run(_ended_by_sigterm(work))
    except asyncio.CancelledError:
        click.echo("Terminated.", err=True)
        sys.exit(_TERMINATED)
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe has seen enough; click ends quietly.
        raise
    except (SessionboardError, ValueError, OSError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None


async def _ended_by_sigterm(work: Coroutine[Any, Any, None]) -> None:
    """Let a supervisor's signal end the work as Ctrl-C does: with everything closed and cleaned up."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine always runs in a task
    with suppress(NotImplementedError):  # On Windows there is no such signal.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work
