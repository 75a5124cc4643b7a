"""The help of commands, on terminals of any width."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

import click

_WIDEST = 80
_NARROW = 60
"""Below this width, descriptions begin on lines of their own."""
_ANY_LENGTH = 1_000
"""A length that no sentence reaches."""


class FittingFormatter(click.HelpFormatter):
    """Fits help to the terminal, even if that is narrower than click supports."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        if width is None:
            width = min(shutil.get_terminal_size().columns, max_width or _WIDEST) - 2
        super().__init__(indent_increment, width, max_width)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names with their descriptions."""
        super().write_dl(rows, col_max if self.width >= _NARROW else 6, col_spacing)


class FittingContext(click.Context):
    """The context of a command whose help fits the terminal."""

    formatter_class: type[click.HelpFormatter] = FittingFormatter


class CommandGroup(click.Group):
    """Commands in the order in which they were added, each with its whole first sentence."""

    context_class: type[click.Context] = FittingContext

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command."""
        cmd.context_class = FittingContext
        super().add_command(cmd, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return [*self.commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; the formatter breaks the lines."""
        rows = [(name, command.get_short_help_str(_ANY_LENGTH)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
