"""Connect a command to the API, run it, and turn its end into an exit code."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

import click

from sessionboard_async import (
    AsyncSession,
    DeadlineExceededError,
    RateLimits,
    RateLimitWaitExceeded,
    Retry,
    ServerError,
    SessionboardError,
    Timeout,
)
from sessionboard_async._printable import printable
from sessionboard_async.cli import arguments
from sessionboard_async.cli.display import StatusDisplay
from sessionboard_async.cli.output import show
from sessionboard_async.cli.waits import report_waits
from sessionboard_async.core.http.base_url import Region
from sessionboard_async.testing import EmbeddedServer

P = ParamSpec("P")

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}

_EMBEDDED = "embedded server"

_REFUSED = 3
_INTERRUPTED = 130
_TERMINATED = 143


def _seconds(_: click.Context, __: click.Parameter, value: str) -> float:
    """Return the seconds of a time such as ``90s``, ``15m`` or ``1h``."""
    found = re.fullmatch(r"(\d{1,6})(s|m|h|)", value.strip(), re.ASCII)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not seconds:
        raise click.BadParameter(f"{value!r} is not a time such as 90s, 15m or 1h.")
    return float(seconds)


@dataclass(frozen=True)
class Connection:
    """The options that select the API and the token."""

    token: str | None = field(repr=False)
    region: Region | None
    base_url: str | None = field(repr=False)
    embedded: bool
    max_wait: float

    @property
    def source(self) -> str | None:
        """A name for the generated data, whose address differs in every run."""
        return _EMBEDDED if self.embedded else None

    @asynccontextmanager
    async def open(
        self, display: StatusDisplay | None = None, *, concurrency: int = 8
    ) -> AsyncGenerator[AsyncSession, None]:
        """Open a client, on an embedded server if that is requested.

        The client shows what it waits for. It waits ``max_wait`` seconds at the longest for each answer, with
        retries, and as long for the rate limit before it.

        Args:
            display: Where waits are shown; a new one by default.
            concurrency: The maximum number of requests in flight.
        """
        async with AsyncExitStack() as stack:
            token, region, base_url = self.token, self.region, self.base_url
            if self.embedded:
                server = await stack.enter_async_context(EmbeddedServer())
                token, region, base_url = server.token, None, server.base_url
            display = stack.enter_context(StatusDisplay() if display is None else display)
            sb = AsyncSession(
                token,
                region=region,
                base_url=base_url,
                pool_size=concurrency,
                timeout=Timeout(total=self.max_wait),
                limits=RateLimits(
                    max_wait=self.max_wait, bulk_max_wait=self.max_wait, concurrency=concurrency
                ),
            )
            await stack.enter_async_context(sb)
            await stack.enter_async_context(report_waits(sb.limits, sb.waits, display.show_waits))
            yield sb


def with_connection(
    command: Callable[Concatenate[Connection, P], Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """Add the options that select the API and the token to a command, and run it."""

    @click.option(
        "--token",
        envvar="SESSIONBOARD_TOKEN",
        help="The API token. Prefer the variable SESSIONBOARD_TOKEN.",
    )
    @click.option(
        "--region",
        envvar="SESSIONBOARD_REGION",
        callback=arguments.region,
        metavar="[us|eu]",
        help="The region of the organization's data.",
    )
    @click.option(
        "--base-url",
        envvar="SESSIONBOARD_BASE_URL",
        callback=arguments.address,
        help="The address of the API, instead of the region's.",
    )
    @click.option(
        "--embedded", is_flag=True, help="Use a server with generated data; needs no token and no network."
    )
    @click.option(
        "--max-wait",
        callback=_seconds,
        default="1h",
        show_default=True,
        metavar="TIME",
        help="The longest time for one answer, waits for rate limits and retries included: 90s, 15m, 1h.",
    )
    def run(
        token: str | None,
        region: Region | None,
        base_url: str | None,
        embedded: bool,
        max_wait: float,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        connection = Connection(token, region, base_url, embedded, max_wait)
        run_command(command(connection, *args, **kwargs))

    return update_wrapper(run, command)


def run_command(work: Coroutine[Any, Any, None]) -> None:
    """Run a command to its end: an error is one line, and the exit code depends on how it ended."""
    try:
        asyncio.run(_cancelled_by_sigterm(work))
    except asyncio.CancelledError:
        click.echo("Terminated.", err=True)
        sys.exit(_TERMINATED)
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe closed it; click exits silently.
        raise
    except (SessionboardError, ValueError, OSError) as error:
        raise click.ClickException(_explain(error)) from None


def _explain(error: Exception) -> str:
    """Return the message of an error on one line, with the option that bounds waits by its name here."""
    message = str(error)
    if isinstance(error, DeadlineExceededError | RateLimitWaitExceeded):
        message = re.sub(r"Timeout\.total|RateLimits\.(?:bulk_)?max_wait", "--max-wait", message)
    elif isinstance(error, ServerError) and error.retry_after and error.attempts < Retry().attempts:
        message += ": longer than --max-wait allows"
    elif isinstance(error, OSError):
        # The number of an error says nothing that its text does not.
        message = re.sub(r"^\[Errno \d+\] ", "", message)
    return printable(" ".join(message.split()))


def allow_refused_option(command: Callable[P, None]) -> Callable[P, None]:
    """Add ``--allow-refused`` to a command."""
    return click.option(
        "--allow-refused",
        is_flag=True,
        help="End with status 0 instead of 3 if the API refuses some of the resources.",
    )(command)


def report_refusals(refused: Mapping[str, str], *, allowed: bool) -> None:
    """Print which resources the API refused, and end with status 3 unless that is allowed."""
    for resource, reason in refused.items():
        show(f"Warning: {resource} were refused: {reason}", err=True)
    if refused and not allowed:
        names = ", ".join(refused)
        show(f"Not read: {names}. Select others with --only, or use --allow-refused.", err=True)
        raise click.exceptions.Exit(_REFUSED)


async def _cancelled_by_sigterm(work: Coroutine[Any, Any, None]) -> None:
    """Run work that SIGTERM cancels as Ctrl-C does, so that everything is closed and cleaned up."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # coroutines run in tasks
    with suppress(NotImplementedError):  # On Windows there is no such signal.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work
