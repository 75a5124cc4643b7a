"""The README and the guides: every block is run, every link leads somewhere, and every chapter is listed."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from benchmarks.documents import show_figures, show_jobs
from benchmarks.figures import Figure
from sessionboard_async.guides import chapters, read

pytestmark = pytest.mark.untraced

MOST_LINES = 200
LANGUAGES = {"python", "sh", "mermaid"}
"""Blocks of other languages would not be run."""


def test_every_block_is_run_by_a_test(texts: dict[str, str], blocks: dict[str, str]) -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert set(blocks) == set(re.findall(r'^@block\("(.+)"\)$', tests, re.MULTILINE))
    for name, text in texts.items():
        languages = re.findall(r"^ *```(\w*)", text, re.MULTILINE)
        assert set(languages) <= {*LANGUAGES, ""}, name
        assert languages.count("") * 2 == len(languages), name


def test_the_readme_is_short(readme: str) -> None:
    assert len(readme.splitlines()) <= MOST_LINES


def test_every_guide_is_listed_once_with_its_title(texts: dict[str, str]) -> None:
    listed = chapters()
    assert sorted(chapter.name for chapter in listed) == sorted(texts.keys() - {"README", "index"})
    for chapter in listed:
        assert read(chapter.name).startswith(f"# {chapter.title}\n")
        assert chapter.part
        assert chapter.summary.endswith(".")


def headings(text: str) -> set[str]:
    """Return the anchors of a text, as GitHub and the site derive them from headings."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_to_files_and_headings(texts: dict[str, str], root: Path) -> None:
    folders = dict.fromkeys(texts, root / "sessionboard_async" / "guides") | {"README": root}
    seen = 0
    for name, text in texts.items():
        links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
        seen += len(links)
        for link in links:
            path, _, anchor = link.partition("#")
            target = (folders[name] / path) if path else None
            assert target is None or target.exists(), f"{name}: {link}"
            if anchor:
                assert anchor in headings(target.read_text("utf-8") if target else text), f"{name}: {link}"
    assert seen > len(texts)


def test_the_benchmarks_find_the_places_of_their_table(texts: dict[str, str], tmp_path: Path) -> None:
    places = {
        "README": tmp_path / "README.md",
        "benchmarks": tmp_path / "sessionboard_async/guides/benchmarks.md",
    }
    for name, file in places.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(texts[name], encoding="utf-8")
    show_jobs("| a table |", tmp_path)
    for name, file in places.items():
        shown = file.read_text(encoding="utf-8")
        assert "-->\n| a table |\n<!-- /" in shown
        assert "| stream 3,000 sessions |" not in shown
        assert len(shown) < len(texts[name])


def test_the_tables_of_the_guide_are_those_of_the_stored_figures(
    texts: dict[str, str], root: Path, tmp_path: Path
) -> None:
    stored = (root / "benchmarks/results/latest.json").read_bytes()
    guide = tmp_path / "sessionboard_async/guides/benchmarks.md"
    guide.parent.mkdir(parents=True)
    guide.write_text(texts["benchmarks"], encoding="utf-8")
    show_figures(msgspec.convert(msgspec.json.decode(stored)["figures"], list[Figure]), tmp_path)
    assert guide.read_text(encoding="utf-8") == texts["benchmarks"]
    assert texts["benchmarks"].count(" of the time |") == 2
