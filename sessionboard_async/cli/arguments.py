"""The kinds of arguments that commands take."""

from __future__ import annotations

import math
import os
from typing import Any

import click

from sessionboard_async.core.http.base_url import Region, read_region
from sessionboard_async.errors import ConfigurationError


def region(_: click.Context, __: click.Parameter, name: str | None) -> Region | None:
    """Read a region as the client reads it; ``None`` for an empty one."""
    try:
        return read_region(name)
    except ConfigurationError as error:
        raise click.BadParameter(f"{error.message}.") from None


def address(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Refuse an empty address, which would be that of the region; an empty variable counts as unset."""
    if text is not None and not text.strip():
        raise click.BadParameter("it is empty: is a variable of the shell unset?")
    return text


class TargetPath(click.Path):
    """The path of a file or folder to write; never empty, which would be the current folder."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Return the path."""
        if not os.fspath(value).strip():
            current = " The current folder is '.'." if self.dir_okay else ""
            self.fail(f"it is empty: is a variable of the shell unset?{current}", param, ctx)
        return super().convert(value, param, ctx)


def finite(_: click.Context, __: click.Parameter, number: float) -> float:
    """Refuse infinity and NaN, which pass the bounds of click."""
    if not math.isfinite(number):
        raise click.BadParameter(f"{number} is not a finite number.")
    return number


def event_id(event: str) -> int | str:
    """Return the id of an event: a number, if it looks like one of the API's."""
    return int(event) if event.isascii() and event.isdecimal() and len(event) < 20 else event
