"""Checks of the built site: links, other hosts, public names without an entry, arguments without a text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from reference import public_modules, public_names

from sessionboard_async import AsyncSession
from sessionboard_async.services import load_services

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
"""What a browser loads with a page, by element."""


class Links(HTMLParser):
    """The ids of a page, its links, and what it loads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element refers to."""
        values = {name: value for name, value in attrs if value}
        if found := values.get("id"):
            self.ids.add(found)
        if tag == "a" and (link := values.get("href")):
            self.links.append(link)
        if (attribute := LOADED.get(tag)) and (link := values.get(attribute)):
            self.loaded.append(link)


def problems(site: Path) -> list[str]:
    """Return what is wrong with a site, one line each."""
    pages = {page: Links(page) for page in sorted(site.rglob("*.html"))}
    return [*_broken(site, pages), *_other_hosts(site, pages), *_missing(pages), *_undescribed(site)]


def _broken(site: Path, pages: dict[Path, Links]) -> Iterator[str]:
    for page, found in pages.items():
        if page.name == "404.html":
            continue
        for link in (*found.links, *found.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                yield f"{page.relative_to(site)}: {link} leads nowhere"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                yield f"{page.relative_to(site)}: {link} leads to no heading"


def _other_hosts(site: Path, pages: dict[Path, Links]) -> Iterator[str]:
    for page, found in pages.items():
        for link in found.loaded:
            if urlsplit(link).netloc:
                yield f"{page.relative_to(site)}: {link} is loaded from another host"


def _missing(pages: dict[Path, Links]) -> Iterator[str]:
    ids = {name for page, found in pages.items() if "reference" in page.parts for name in found.ids}
    for module in public_modules():
        loaded = import_module(module)
        for name in public_names(module):
            value = getattr(loaded, name)
            canonical = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
            if not {f"{module}.{name}", canonical} & ids:
                yield f"{module}.{name} is not in the reference"
    services = {f"sessionboard_async.services.{kind.__name__}": kind for kind in load_services().values()}
    for path, kind in {"sessionboard_async.AsyncSession": AsyncSession, **services}.items():
        for name in dir(kind):
            is_method = not name.startswith("_") and callable(inspect.getattr_static(kind, name))
            if is_method and f"{path}.{name}" not in ids:
                yield f"{path}.{name} is not in the reference"


def _undescribed(site: Path) -> Iterator[str]:
    for page in sorted(site.glob("reference/**/*.html")):
        text = page.read_text(encoding="utf-8")
        for item in re.findall(r'<li class="doc-section-item.*?</li>', text, re.DOTALL):
            if re.search(r'<div class="doc-md-description">\s*</div>', item):
                names = re.findall(r"<code>(\w+)</code>", item)
                yield f"{page.relative_to(site)}: {' '.join(names[:1])} has no description"
        if re.search(r"<p>[^<]*::</p>", text):
            yield f"{page.relative_to(site)}: a paragraph ends in ::, which Markdown does not know"
