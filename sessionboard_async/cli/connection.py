"""The options that select the API and the token, and the client that they make."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

import click

from sessionboard_async import AsyncSession, ConfigurationError, RateLimits, Timeout
from sessionboard_async.cli import arguments
from sessionboard_async.cli.arguments import add_options
from sessionboard_async.cli.display import StatusDisplay
from sessionboard_async.cli.messages import explain_usage
from sessionboard_async.cli.runner import run_command
from sessionboard_async.cli.waits import report_waits
from sessionboard_async.core.http.base_url import Region
from sessionboard_async.testing import EmbeddedServer

P = ParamSpec("P")

_EMBEDDED = "embedded server"


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
        self, display: StatusDisplay | None = None, *, concurrency: int = 16
    ) -> AsyncGenerator[AsyncSession, None]:
        """Open a client, on an embedded server if that is requested.

        The client shows what it waits for. It waits ``max_wait`` seconds at the longest for each answer, with
        retries, and as long for the rate limit before it.

        Args:
            display: Where waits are shown; a new one by default.
            concurrency: The maximum number of requests in flight.

        Raises:
            UsageError: If the token or the address cannot be used.
        """
        async with AsyncExitStack() as stack:
            token, region, base_url = self.token, self.region, self.base_url
            if self.embedded:
                server = await stack.enter_async_context(EmbeddedServer())
                token, region, base_url = server.token, None, server.base_url
            display = stack.enter_context(StatusDisplay() if display is None else display)
            sb = _client(token, region, base_url, self.max_wait, concurrency)
            await stack.enter_async_context(sb)
            await stack.enter_async_context(report_waits(sb.limits, sb.waits, display.show_waits))
            yield sb


def _client(
    token: str | None, region: Region | None, base_url: str | None, max_wait: float, concurrency: int
) -> AsyncSession:
    limits = RateLimits(max_wait=max_wait, bulk_max_wait=max_wait, concurrency=concurrency)
    timeout = Timeout(total=max_wait)
    try:
        return AsyncSession(
            token, region=region, base_url=base_url, pool_size=concurrency, timeout=timeout, limits=limits
        )
    except ConfigurationError as error:
        raise click.UsageError(explain_usage(error)) from None


_OPTIONS = (
    click.option(
        "--token",
        envvar="SESSIONBOARD_TOKEN",
        help="The API token. Prefer the variable SESSIONBOARD_TOKEN.",
    ),
    click.option(
        "--region",
        envvar="SESSIONBOARD_REGION",
        callback=arguments.region,
        metavar="[us|eu]",
        help="The region of the organization's data; us by default.",
    ),
    click.option(
        "--base-url",
        envvar="SESSIONBOARD_BASE_URL",
        callback=arguments.address,
        metavar="URL",
        help="The address of the API, instead of the region's.",
    ),
    click.option(
        "--embedded", is_flag=True, help="Use a server with generated data; needs no token and no network."
    ),
    click.option(
        "--max-wait",
        callback=arguments.seconds,
        default="1h",
        show_default=True,
        metavar="TIME",
        help="The longest time for one answer, waits for rate limits and retries included: 90s, 15m, 1h.",
    ),
)


def with_connection(
    command: Callable[Concatenate[Connection, P], Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """Add the options that select the API and the token to a command, and run it."""

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

    return add_options(update_wrapper(run, command), _OPTIONS)
