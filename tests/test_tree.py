"""Names, sizes and words of the package's files."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.untraced

PACKAGE = Path(__file__).parents[1] / "sessionboard_async"
FILES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({file.parent for file in FILES})

MOST_LINES = 400
MOST_FILES = 14

ONE_FILE_A_FAMILY = {"services", "models", "testing/_handlers", "testing/_data"}
"""Folders that hold one file for each family of operations or records, however many there are."""

UNWANTED = re.compile(r"\b(shall|somebody|nobody|told)\b", re.IGNORECASE)
QUESTIONS = re.compile(r"(What|How|When|Where|Which|Whose|Who)\b")


def place(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def test_no_two_classes_share_a_name() -> None:
    names = Counter(
        node.name
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_file_is_too_long() -> None:
    lengths = {place(file): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_folder_holds_too_many_files() -> None:
    numbers = {place(folder): len([*folder.glob("*.py")]) for folder in FOLDERS}
    crowded = {name for name, number in numbers.items() if number > MOST_FILES}
    assert crowded <= ONE_FILE_A_FAMILY


@pytest.mark.parametrize("folder", FOLDERS, ids=place)
def test_the_text_is_plain(folder: Path) -> None:
    found = [
        f"{place(file)}:{number}: {line.strip()}"
        for file in sorted(folder.iterdir())
        if file.suffix in {".py", ".md", ".txt", ".json", ".toml", ".lua"}
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if UNWANTED.search(line)
    ]
    assert found == []


def test_module_docstrings_are_no_questions() -> None:
    docstrings = {file: ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) for file in FILES}
    assert [place(file) for file, text in docstrings.items() if QUESTIONS.match(text or "")] == []
