"""Build the site: ``python .docs/build.py FOLDER``.

Guides and reference are put together in a temporary folder, with diagrams drawn as SVG, and built by
Zensical. Warnings fail, as do broken links, pages that need another host, and public names without an entry.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import mermaidx
from checks import problems
from reference import ReferencePage, pages

from sessionboard_async.guides import chapters, read

HERE = Path(__file__).parent
ROOT = HERE.parent
CHART = "benchmarks/results/latest.png"

Entry = tuple[str, Any]
"""A title of the navigation, with its file or the entries below it."""


def main(target: Path) -> None:
    """Build the site into a folder, which is replaced; exit with the problems found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        docs = folder / "docs"
        reference = [*pages()]
        _write_guides(docs)
        for page in reference:
            _write(docs / "reference" / page.path, page.text)
        _write(docs / "changelog.md", ROOT.joinpath("CHANGELOG.md").read_text(encoding="utf-8"))
        for asset in ("site.css", "iframe-worker.js"):
            _write(docs / "assets" / asset, HERE.joinpath(asset).read_text(encoding="utf-8"))
        _write(folder / "zensical.toml", _settings(_navigation(reference)))
        command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
        built = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        output = built.stdout + built.stderr
        if built.returncode != 0 or re.search(r"(?i)\bwarning\b", output):
            sys.exit(f"{output}\nThe site has warnings.")
        found = problems(folder / "site")
        if found:
            sys.exit("\n".join(found))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder / "site", target)
    sys.stdout.write(f"Built {len([*target.rglob('*.html')])} pages: open {target / 'index.html'}\n")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _write_guides(docs: Path) -> None:
    for name in ("index", *(chapter.name for chapter in chapters())):
        text = _with_diagrams(read(name), docs, name)
        text = re.sub(r"^```python (\S+)$", r'```python title="\1"', text, flags=re.MULTILINE)
        _write(docs / f"{name}.md", text.replace(f"../../{CHART}", "assets/benchmarks.png"))
    docs.joinpath("assets").mkdir()
    shutil.copy(ROOT / CHART, docs / "assets" / "benchmarks.png")


def _with_diagrams(text: str, docs: Path, name: str) -> str:
    """Draw the diagrams of a text as images, so that no page needs a script to show them."""
    number = 0

    def draw(found: re.Match[str]) -> str:
        nonlocal number
        number += 1
        file = docs / "diagrams" / f"{name}-{number}.svg"
        _write(file, mermaidx.render(found[1], theme="neutral").svg())
        title = re.findall(r"^#+ (.+)$", text[: found.start()], re.MULTILINE)[-1]
        return f'<div class="diagram" markdown>\n![{title}](diagrams/{file.name})\n</div>'

    return re.sub(r"^```mermaid\n(.*?)^```$", draw, text, flags=re.MULTILINE | re.DOTALL)


def _navigation(reference: list[ReferencePage]) -> str:
    """Return the navigation as TOML."""
    guides: dict[str, list[Entry]] = {}
    for found in chapters():
        guides.setdefault(found.part, []).append((found.title, f"{found.name}.md"))
    entries: list[Entry] = []
    for section in dict.fromkeys(page.section for page in reference):
        inside: list[Entry] = [
            (page.title, f"reference/{page.path}") for page in reference if page.section == section
        ]
        entries += [(section, inside)] if section else inside
    first = [("Overview", "index.md"), *guides.items()]
    return _toml([("Guides", first), ("Reference", entries), ("Changelog", "changelog.md")])


def _toml(entries: Iterable[Entry]) -> str:
    return f"[{', '.join(_entries(entries))}]"


def _entries(entries: Iterable[Entry]) -> Iterator[str]:
    for title, content in entries:
        value = json.dumps(content) if isinstance(content, str) else _toml(content)
        yield f"{{ {json.dumps(title)} = {value} }}"


def _settings(navigation: str) -> str:
    settings = HERE.joinpath("zensical.toml").read_text(encoding="utf-8")
    settings = settings.replace('paths = [".."]', f"paths = [{json.dumps(str(ROOT))}]")
    settings = settings.replace('"docstrings.py"', json.dumps(str(HERE / "docstrings.py")))
    return settings.replace("[project]\n", f"[project]\nnav = {navigation}\n", 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
