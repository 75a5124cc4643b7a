"""The kinds of arguments that commands take."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from sessionboard_async._suggestions import did_you_mean
from sessionboard_async.core.http.base_url import Region, read_region
from sessionboard_async.core.http.request import validate_path_argument
from sessionboard_async.errors import ConfigurationError
from sessionboard_async.services._common.datetimes import iso_timestamp

if TYPE_CHECKING:
    TextType = click.ParamType[str]
    TextsType = click.ParamType[tuple[str, ...]]
else:  # It is generic only in later versions of click.
    TextType = TextsType = click.ParamType

F = TypeVar("F", bound=Callable[..., Any])

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def region(_: click.Context, __: click.Parameter, name: str | None) -> Region | None:
    """Read a region as the client reads it; ``None`` for an empty one."""
    try:
        return read_region(name)
    except ConfigurationError as error:
        end = "" if error.message.endswith("?") else "."
        raise click.BadParameter(f"{error.message}{end}") from None


def address(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Refuse an empty address, which would be that of the region; an empty variable counts as unset."""
    if text is not None and not text.strip():
        raise click.BadParameter("it is empty: is a variable of the shell unset?")
    return text


def seconds(_: click.Context, __: click.Parameter, value: str) -> float:
    """Return the seconds of a time such as ``90s``, ``15m`` or ``1h``."""
    found = re.fullmatch(r"(\d{1,6})(s|m|h|)", value.strip(), re.ASCII)
    number = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not number:
        raise click.BadParameter(f"{value!r} is not a time such as 90s, 15m or 1h.")
    return float(number)


def finite(_: click.Context, __: click.Parameter, number: float) -> float:
    """Refuse infinity and NaN, which pass the bounds of click."""
    if not math.isfinite(number):
        raise click.BadParameter(f"{number} is not a finite number.")
    return number


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


class IdType(TextType):
    """The id of an event or record, as a text that a request can be sent with."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id."""
        text = value.strip()
        if not text:
            self.fail("it is empty: is a variable of the shell unset?", param, ctx)
        try:
            validate_path_argument("the id", text)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        return text


class TimeType(TextType):
    """A time with its offset from UTC, as the API takes it."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the time in UTC."""
        try:
            return iso_timestamp("the time", value.strip())
        except ValueError:
            self.fail(
                f"{value!r} is not a time with its time zone, such as 2026-08-01T09:00:00Z.", param, ctx
            )


class NameType(TextType):
    """One of some names.

    Args:
        known: The names.
        thing: The word for one of them.
        advice: By other name, what to do instead.
    """

    name = "name"

    def __init__(self, known: Iterable[str], thing: str, advice: Mapping[str, str] | None = None) -> None:
        self._known = tuple(known)
        self._thing = thing
        self._advice = advice or {}

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name; a hyphen stands for an underscore."""
        name = value.strip().lower().replace("-", "_")
        if name in self._advice:
            self.fail(self._advice[name], param, ctx)
        if name not in self._known:
            self.fail(_unknown(self._thing, [value], self._known), param, ctx)
        return name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the name."""
        return [CompletionItem(name) for name in self._known if name.startswith(incomplete)]


class NamesType(TextsType):
    """One or more names, separated by commas.

    Args:
        known: The names to choose from; any are accepted if there are none.
        thing: The word for one of them.
    """

    name = "names"

    def __init__(self, known: Iterable[str] = (), thing: str = "name") -> None:
        self._known = tuple(known)
        self._thing = thing

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names, without the spaces around them."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(",") if name.strip())
        if not names:
            self.fail("it is empty: is a variable of the shell unset?", param, ctx)
        unknown = [name for name in names if name not in self._known]
        if self._known and unknown:
            self.fail(_unknown(self._thing, unknown, self._known), param, ctx)
        return names

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the last of the names."""
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{name}") for name in self._known if name.startswith(last)]


def _unknown(thing: str, names: Sequence[str], known: Sequence[str]) -> str:
    listed = ", ".join(map(repr, names))
    return f"no such {thing}: {listed}. Choose from {', '.join(known)}{did_you_mean(names, known)}"


def names_option(
    flag: str,
    *,
    known: Iterable[str] = (),
    thing: str = "name",
    help: str,  # noqa: A002  # as click calls it
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option of names, which may be repeated, take several separated by commas, or both."""
    return click.option(
        flag,
        multiple=True,
        type=NamesType(known, thing),
        callback=_each_once,
        metavar="NAMES",
        help=help,
    )


def _each_once(_: click.Context, __: click.Parameter, given: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(given)))


def add_options(command: F, options: Sequence[Callable[[F], F]]) -> F:
    """Add options to a command, below those that it has."""
    # As with decorators, the last one is applied first.
    for option in reversed(options):
        command = option(command)
    return command


def event_id(event: str) -> int | str:
    """Return the id of an event: a number, if it looks like one of the API's."""
    return int(event) if event.isascii() and event.isdecimal() and len(event) < 20 else event
