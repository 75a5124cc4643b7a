"""The output of commands: without control characters, in whatever encoding stdout has."""

from __future__ import annotations

import codecs
import io
import re
import sys
from collections.abc import Iterable, Sequence

import click
import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from sessionboard_async._printable import UNPRINTABLE, printable

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def show(text: str, *, err: bool = False) -> None:
    """Print one line, with escape sequences for what could control a terminal.

    Args:
        text: The line, which may hold names and messages of the API.
        err: Whether to print to stderr.
    """
    click.echo(printable(text), err=err)


def escape_unencodable() -> None:
    """Let stdout and stderr escape the characters that their encoding cannot hold, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_completely() -> None:
    """Let stdout write all that it is given, also where the environment asks for no buffer.

    Without a buffer, Python drops what a write leaves over when a signal interrupts it, and reports no error.
    """
    stream = sys.stdout
    raw: object = getattr(stream, "buffer", None)
    if isinstance(raw, io.RawIOBase):
        buffer = io.BufferedWriter(raw)
        sys.stdout = io.TextIOWrapper(buffer, stream.encoding, stream.errors, line_buffering=True)


def show_rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows: as a table on a terminal, elsewhere as lines of tab-separated cells.

    On a terminal that is too narrow for the words of a table, each cell gets a line of its own.
    """
    console = Console()
    # Tabs and line ends divide cells and rows.
    cells = ([printable(" ".join(cell.split())) for cell in row] for row in rows)
    if not console.is_terminal:
        for row in cells:
            click.echo("\t".join(row))
        return
    listed = list(cells)
    texts = [[name, *(row[at] for row in listed)] for at, name in enumerate(columns)]
    # Each column has a space on both sides and a line on its left; the last one on its right too.
    widths = _widths(texts, console.width - 3 * len(columns) - 1)
    if widths is not None:
        table = Table(*(Column(name, width=width) for name, width in zip(columns, widths, strict=True)))
        for row in listed:
            table.add_row(*map(Text, row))
        console.print(table)
        return
    for row in listed:
        title, *others = (
            Text(cell if number == 0 else f"  {columns[number]} {cell}", style="" if number else "bold")
            for number, cell in enumerate(row)
            if cell or not number
        )
        console.print(title, soft_wrap=True)
        for line in others:
            console.print(line, soft_wrap=True)


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the widths of columns that break their texts between words; ``None`` if words do not fit."""
    least = [max((cell_len(word) for text in texts for word in text.split()), default=1) for texts in columns]
    widths = [max(map(cell_len, texts)) for texts in columns]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        spare = [width - needed for width, needed in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    return widths


def show_document(document: object) -> None:
    """Print a value as JSON of several lines."""
    click.echo(json_text(msgspec.json.format(msgspec.json.encode(document))))


def json_text(content: bytes) -> str:
    r"""Return JSON as text that any terminal and any encoding of stdout can take.

    Characters that could control a terminal are written as ``\u001b``; all that is not ASCII too, unless the
    encoding is UTF-8. The value stays the same.
    """
    text = content.decode()
    if not _is_utf8(sys.stdout.encoding):
        text = _NOT_ASCII.sub(_escaped, text)
    return "\n".join(UNPRINTABLE.sub(_escaped, line) for line in text.split("\n"))


def json_line(content: bytes) -> str:
    """Return JSON as text on one line."""
    if any(space in content for space in (b"\n", b"\r", b"\t")):
        # Pretty-printed JSON; inside of strings these characters are always escaped.
        content = msgspec.json.format(content, indent=-1)
    return json_text(content)


def _is_utf8(encoding: str | None) -> bool:
    try:
        return codecs.lookup(encoding or "ascii").name == "utf-8"
    except LookupError:
        return False


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
