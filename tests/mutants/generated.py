"""A plugin of pytest for generated tests: only whether one fails counts where the code is changed.

They use the same examples in every run, do not look for a smaller one that fails, and run last: a change that
any other test notices needs none of them.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, is_hypothesis_test, settings

settings.register_profile(
    "mutants",
    deadline=None,
    max_examples=20,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
# A test keeps the settings of the moment when it is imported.
settings.load_profile("mutants")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: is_hypothesis_test(getattr(item, "obj", None)))
