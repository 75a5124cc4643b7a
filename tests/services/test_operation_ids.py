"""Every operation id stands in the services as one literal string, so that a search of the tree finds it."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from sessionboard_async import services
from sessionboard_async.core.endpoint import ENDPOINTS

SOURCES = sorted(Path(services.__file__).parent.rglob("*.py"))


def literals(source: str) -> list[str]:
    """Return the string literals of a module, without the constant parts of f-strings."""
    tree = ast.parse(source)
    parts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
    ]


def test_every_operation_id_is_exactly_one_literal() -> None:
    found = Counter(literal for path in SOURCES for literal in literals(path.read_text(encoding="utf-8")))
    assert {operation: found[operation] for operation in ENDPOINTS} == dict.fromkeys(ENDPOINTS, 1)
    assert len(ENDPOINTS) == 177


def test_parts_of_f_strings_are_no_literals() -> None:
    assert literals('LIST = f"list-{name}s" + "get-room" + f"search-rooms"') == ["get-room"]
