"""The guides: chapters in Markdown, listed in their order by ``index.md``."""

from __future__ import annotations

import re
from importlib import resources
from typing import NamedTuple

__all__ = ["Chapter", "chapters", "read"]


class Chapter(NamedTuple):
    """A chapter of the guides.

    Attributes:
        name: The name of its file, without ``.md``.
        title: Its title.
        part: The heading under which ``index.md`` lists it.
        summary: What it covers, in one sentence.
    """

    name: str
    title: str
    part: str
    summary: str


def chapters() -> list[Chapter]:
    """Return the chapters in their order, without the front page ``index``."""
    found: list[Chapter] = []
    part = ""
    for line in read("index").splitlines():
        if line.startswith("## "):
            part = line.removeprefix("## ")
        elif listed := re.fullmatch(r"- \[(.+)\]\((.+)\.md\): (.+)", line):
            title, name, summary = listed.groups()
            found.append(Chapter(name, title, part, summary))
    return found


def read(name: str) -> str:
    """Return the Markdown text of a chapter.

    Args:
        name: The name of a chapter, or ``index``.
    """
    return resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
