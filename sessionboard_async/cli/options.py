"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import click

from sessionboard_async.cli.arguments import finite, names_option
from sessionboard_async.export.resources import RESOURCES
from sessionboard_async.services._common.filters import Expansion

Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def only_option(use: str) -> Option:
    """Return the option ``--only``.

    Args:
        use: What the command does with the resources, such as ``read``.
    """
    return names_option(
        "--only",
        known=RESOURCES,
        thing="resource",
        help=f"Resources to {use}: {', '.join(RESOURCES)}. All by default.",
    )


def expand_option(of: str = "records", *, is_fixed: bool = False) -> Option:
    """Return the option ``--expand``.

    Args:
        of: What has the parts.
        is_fixed: Whether later runs must expand the same.
    """
    text = f"Parts of {of} that the API sends only on request: {', '.join(get_args(Expansion))}."
    if is_fixed:
        text += " The same in every run."
    return names_option("--expand", known=get_args(Expansion), thing="expansion", help=text)


sweep_option: Option = click.option(
    "--sweep-every",
    type=click.FloatRange(0, 100_000),
    callback=finite,
    default=24.0,
    show_default=True,
    metavar="HOURS",
    help="The time between comparisons of all ids, which find removed records.",
)
