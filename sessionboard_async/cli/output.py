"""The output of commands: without control characters, in whatever encoding stdout has."""

from __future__ import annotations

import io
import sys

import click

from sessionboard_async._printable import printable


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
