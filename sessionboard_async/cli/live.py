"""Progress bars and countdowns on a terminal of any size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as ProgressDisplay
from rich.text import Text

from sessionboard_async.cli.waits import Wait, duration, lines
from sessionboard_async.export.exporter import ExportProgress

_WIDTH_OF_BARS = 70
"""On a narrower terminal, bars would leave too little room for the names and numbers."""


class LiveDisplay(ProgressDisplay):
    """Progress bars with countdowns below, computed whenever they are drawn.

    The countdowns are always shown whole. Resources for which there is no room are counted in one line.

    Args:
        console: The console to draw on.
        verbose: Whether to keep resources that turn out to have no records.
    """

    columns: tuple[str | ProgressColumn, ...]

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._screen = console
        self._is_verbose = verbose
        self._is_over = False
        self._waits: Sequence[Wait] = ()
        self._ids: dict[str, TaskID] = {}
        # stdout may be redirected elsewhere. This draws once already.
        super().__init__(console=console, redirect_stdout=False)

    def show_progress(self, progress: ExportProgress) -> None:
        """Show the progress of a resource."""
        self.start()
        if progress.resource not in self._ids:
            self._ids[progress.resource] = self.add_task(progress.resource, total=None)
        total = progress.records if progress.done else progress.total
        is_shown = self._is_verbose or not progress.done or progress.records > 0
        task = self._ids[progress.resource]
        self.update(task, completed=progress.records, total=total, visible=is_shown)

    def show_waits(self, waits: Sequence[Wait]) -> None:
        """Show the current waits."""
        self._waits = waits
        if waits:
            self.start()

    def finish(self) -> None:
        """Draw the last state of all resources, and end."""
        if self.live.is_started:
            self._waits = ()
            self._is_over = True
            self.live.transient = not self._ids
            self.stop()

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield what is drawn."""
        now = datetime.now(UTC)
        waits = [Text(line) for line in lines(self._waits, lambda wait: wait.countdown(now))]
        width = self._screen.width
        room = self._screen.height - sum(len(wait.wrap(self._screen, width)) for wait in waits)
        tasks = [task for task in self.tasks if task.visible]
        shown = tasks if self._is_over else _that_fit(tasks, room)
        self.columns = _columns(width)
        if shown:
            yield self.make_tasks_table(shown)
        if len(shown) < len(tasks) and room > 0:
            done = sum(task.finished for task in tasks)
            yield Text(f"{done} of {len(tasks)} done", no_wrap=True, overflow="ellipsis")
        yield from waits


def _that_fit(tasks: list[Task], room: int) -> list[Task]:
    """Return the tasks for which there is room, with a line for the others; those under way come first."""
    if len(tasks) <= room:
        return tasks
    chosen = sorted(tasks, key=lambda task: task.finished)[: max(0, room - 1)]
    return [task for task in tasks if task in chosen]


def _columns(width: int) -> tuple[str | ProgressColumn, ...]:
    name, count, time = TextColumn("{task.description:<12}"), MofNCompleteColumn(), _TimeColumn()
    if width < _WIDTH_OF_BARS:
        return TextColumn("{task.description}"), count, time
    return name, BarColumn(bar_width=width - _WIDTH_OF_BARS + 30), count, time


class _TimeColumn(ProgressColumn):
    """The time left, where it can be estimated; else the time passed."""

    def render(self, task: Task) -> Text:
        """Return the time as text."""
        left = None if task.finished else task.time_remaining
        if left is not None:
            return Text(f"{duration(math.ceil(left))} left", style="progress.remaining", no_wrap=True)
        passed = task.finished_time if task.finished else task.elapsed
        return Text(duration(int(passed or 0)), style="progress.elapsed", no_wrap=True)
