"""The output of a command on stderr while it works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import click
from rich.console import Console

from sessionboard_async.cli.arguments import add_options
from sessionboard_async.cli.live import LiveDisplay
from sessionboard_async.cli.output import show
from sessionboard_async.cli.waits import Wait, WaitNotices, lines
from sessionboard_async.export.exporter import ExportProgress

P = ParamSpec("P")
C = TypeVar("C")


class StatusDisplay:
    """Shows the progress of each resource, and waits for rate limits, retries, answers and files.

    On a terminal both are drawn live, waits as countdowns. Elsewhere, one line is printed for each resource
    that is done and for the waits that begin.

    Args:
        console: The console to write to; stderr by default.
        quiet: Whether to show neither progress nor waits nor the summary.
        verbose: Whether to show resources without records too.
        progress: Whether to draw live; by default if the console is a terminal.
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        quiet: bool = False,
        verbose: bool = False,
        progress: bool | None = None,
    ) -> None:
        if console is None:
            forced = True if progress else None
            console = Console(stderr=True, force_terminal=forced, force_interactive=forced)
        self._is_live = console.is_interactive if progress is None else progress
        self._is_quiet = quiet
        self._is_verbose = verbose
        self._display = LiveDisplay(console, verbose=verbose)
        self._notices = WaitNotices()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._display.finish()

    @property
    def shows_time_left(self) -> bool:
        """Whether an estimate of the time left is shown for resources whose total is known."""
        return self._is_live and not self._is_quiet

    def show_progress(self, progress: ExportProgress) -> None:
        """Show the progress of a resource."""
        if self._is_quiet:
            return
        if self._is_live:
            self._display.show_progress(progress)
        elif progress.done and (progress.records or self._is_verbose):
            show(f"{progress.resource}: {progress.records} records", err=True)

    def show_waits(self, waits: Sequence[Wait]) -> None:
        """Show the current waits."""
        if self._is_quiet:
            return
        if self._is_live:
            self._display.show_waits(waits)
            return
        now = datetime.now(UTC)
        for line in lines(self._notices.new(waits, now), lambda wait: wait.notice(now)):
            show(line, err=True)

    def summarize(self, text: str) -> None:
        """Print a line about the whole command, after everything else."""
        if not self._is_quiet:
            show(text, err=True)


def display_beside_data() -> StatusDisplay:
    """Return a display for a command that prints data while it works.

    On a terminal that shows both, what is drawn live and the data would overwrite each other.
    """
    return StatusDisplay(progress=False if sys.stdout.isatty() else None)


_OPTIONS = (
    click.option("-q", "--quiet", is_flag=True, help="Print warnings and errors only."),
    click.option("-v", "--verbose", is_flag=True, help="Show resources without records too."),
    click.option(
        "--progress/--no-progress",
        default=None,
        help="Draw progress and waits live, or print lines. By default they are drawn on a terminal.",
    ),
)


def with_display(
    command: Callable[Concatenate[C, StatusDisplay, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[C, ...], Coroutine[Any, Any, None]]:
    """Add the options of the display to a command, which takes the display instead of them."""

    def run(
        connection: C, quiet: bool, verbose: bool, progress: bool | None, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, None]:
        if quiet and (verbose or progress):
            raise click.UsageError("--quiet excludes --verbose and --progress")
        display = StatusDisplay(quiet=quiet, verbose=verbose, progress=progress)
        return command(connection, display, *args, **kwargs)

    return add_options(update_wrapper(run, command), _OPTIONS)
