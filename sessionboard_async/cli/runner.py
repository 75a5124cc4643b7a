"""Run a command to its end, and turn the end into an exit status."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final, ParamSpec

import click

from sessionboard_async.cli.messages import explain
from sessionboard_async.cli.output import show
from sessionboard_async.errors import SessionboardError

P = ParamSpec("P")

_REFUSED: Final = 3
_INTERRUPTED: Final = 130
_TERMINATED: Final = 143

EXIT_STATUSES = (
    "Exit statuses: 0 done; 1 failed; 2 wrong usage; 3 done, but the API refused some of the resources; "
    "130 interrupted by Ctrl-C; 143 terminated."
)

_ADVICE = f"{__name__}.advice"


def run_command(work: Coroutine[Any, Any, None]) -> None:
    """Run a command to its end: an error is one line, and the exit status depends on how it ended."""
    context = click.get_current_context(silent=True)
    given = {} if context is None else context.params
    try:
        asyncio.run(_cancelled_by_sigterm(work))
    except asyncio.CancelledError:
        _end("Terminated.", context, _TERMINATED)
    except KeyboardInterrupt:
        _end("Interrupted.", context, _INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe closed it; click exits silently.
        raise
    except (SessionboardError, ValueError, OSError) as error:
        ids = [str(given[name]) for name in ("event", "record") if given.get(name) is not None]
        raise click.ClickException(explain(error, ids)) from None


def advise_on_interruption(advice: str) -> None:
    """Set the sentence that follows "Interrupted." if this command is interrupted."""
    click.get_current_context().meta[_ADVICE] = advice


def _end(word: str, context: click.Context | None, status: int) -> None:
    advice = "" if context is None else context.meta.get(_ADVICE, "")
    show(f"{word} {advice}".rstrip(), err=True)
    sys.exit(status)


def allow_refused_option(command: Callable[P, Any]) -> Callable[P, Any]:
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
