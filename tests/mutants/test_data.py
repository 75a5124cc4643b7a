"""The lists of modules and of changes that make no difference, without a run of mutmut."""

from __future__ import annotations

import pytest

from tests.mutants.changes import Change, in_sample
from tests.mutants.data import MODULES, ROOT, Module, equivalents, reasons

module = pytest.mark.parametrize("module", MODULES.values(), ids=[*MODULES])


@module
def test_the_module_and_tests_for_it_exist(module: Module) -> None:
    assert ROOT.joinpath(module.path).is_file()
    assert module.files()


def test_every_change_without_a_difference_is_of_a_listed_module_and_has_a_reason() -> None:
    found = reasons()
    assert found.keys() <= MODULES.keys()
    assert all(reason.endswith(".") and len(reason) > 20 for texts in found.values() for reason in texts)


@module
def test_no_change_without_a_difference_is_listed_as_no_change(module: Module) -> None:
    assert [change for change in equivalents(module.name) if change.was == change.becomes] == []


def test_the_sample_is_about_a_quarter_and_always_the_same() -> None:
    numbered = [Change("function", f"return {number}", "return None") for number in range(400)]
    sample = [in_sample("core/retry.py", change) for change in numbered]
    assert 80 <= sum(sample) <= 120
    assert sample == [in_sample("core/retry.py", change) for change in numbered]
