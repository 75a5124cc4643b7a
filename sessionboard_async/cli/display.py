"""The output of a command on stderr while it works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressDisplay
from rich.text import Text

from sessionboard_async.cli.output import show
from sessionboard_async.cli.waits import Wait, WaitNotices, lines
from sessionboard_async.export.exporter import ExportProgress


class StatusDisplay:
    """Shows the progress of each resource, and waits for rate limits, retries, answers and files.

    On a terminal both are drawn live, waits as countdowns. Elsewhere, one line is printed for each resource
    that is done and for the waits that begin.

    Args:
        console: The console to write to; stderr by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        console = Console(stderr=True) if console is None else console
        self._is_live = console.is_interactive
        # stdout may be redirected elsewhere.
        self._display = _LiveDisplay(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            redirect_stdout=False,
        )
        self._tasks: dict[str, TaskID] = {}
        self._notices = WaitNotices()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._display.live.is_started:
            self._display.waits = ()
            self._display.live.transient = not self._tasks
            self._display.stop()

    def show_progress(self, progress: ExportProgress) -> None:
        """Show the progress of a resource."""
        if not self._is_live:
            if progress.done:
                show(f"{progress.resource}: {progress.records} records", err=True)
            return
        self._display.start()
        if progress.resource not in self._tasks:
            self._tasks[progress.resource] = self._display.add_task(progress.resource, total=None)
        total = progress.records if progress.done else progress.total
        self._display.update(self._tasks[progress.resource], completed=progress.records, total=total)

    def show_waits(self, waits: Sequence[Wait]) -> None:
        """Show the current waits."""
        if self._is_live:
            self._display.waits = waits
            if waits:
                self._display.start()
            return
        now = datetime.now(UTC)
        for line in lines(self._notices.new(waits, now), lambda wait: wait.notice(now)):
            show(line, err=True)


class _LiveDisplay(ProgressDisplay):
    """Progress bars with countdowns below, computed whenever they are drawn."""

    waits: Sequence[Wait] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        now = datetime.now(UTC)
        yield from map(Text, lines(self.waits, lambda wait: wait.countdown(now)))
