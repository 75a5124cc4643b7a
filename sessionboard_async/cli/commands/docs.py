"""``sessionboard docs``."""

from __future__ import annotations

import click
from rich.console import Console
from rich.markdown import Markdown

from sessionboard_async import guides
from sessionboard_async._suggestions import did_you_mean

_WIDEST = 100
"""A width at which lines of prose are still easy to read."""


@click.command()
@click.argument("guide", default="index")
@click.option("--raw", is_flag=True, help="Print the Markdown as it is, on a terminal too.")
def docs(guide: str, raw: bool) -> None:
    """Open the list of guides, or a GUIDE such as "reading", in the terminal.

    If the output is not a terminal, the guide is printed as Markdown. Needs no token and no network.
    """
    names = ["index", *(chapter.name for chapter in guides.chapters())]
    if guide not in names:
        hint = did_you_mean([guide], names) or f"; the guides are {', '.join(names)}"
        raise click.BadParameter(f"there is no guide {guide!r}{hint}", param_hint="GUIDE")
    text = guides.read(guide)
    console = Console()
    if raw or not console.is_terminal:
        click.echo(text, nl=False)
        return
    console.width = min(console.width, _WIDEST)
    with console.pager(styles=True):
        console.print(Markdown(text, code_theme="ansi_dark"))
