"""Measure the coverage of the tests themselves only: measured code takes two to five times as long.

Neither the collection nor what pytest does between tests is measured. A test marked ``untraced`` is not
either, and the processes that a test starts only where it is marked ``traced_processes``.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Callable, Generator
from importlib import import_module
from typing import Any

import pytest
from hypothesis import is_hypothesis_test
from hypothesis import strategies as st

import sessionboard_async

_PROCESSES = "COVERAGE_PROCESS_CONFIG"

_tracer: Callable[..., Any] | None = None

# What runs when a module is imported is measured here, before the tests are collected.
for _module in pkgutil.walk_packages(sessionboard_async.__path__, "sessionboard_async."):
    if not _module.name.endswith(".__main__"):
        import_module(_module.name)


def pytest_sessionstart() -> None:
    """Measure nothing until a test runs."""
    global _tracer
    _tracer = sys.gettrace()
    sys.settrace(None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare generated texts: in a new checkout, the first one takes five seconds where it is measured."""
    if any(is_hypothesis_test(getattr(item, "obj", None)) for item in session.items):
        st.text().validate()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Measure a test."""
    coverage = None if item.get_closest_marker("traced_processes") else os.environ.pop(_PROCESSES, None)
    if item.get_closest_marker("untraced") is None:
        sys.settrace(_tracer)
    try:
        return (yield)
    finally:
        sys.settrace(None)
        if coverage is not None:
            os.environ[_PROCESSES] = coverage


def pytest_unconfigure() -> None:
    """Leave things as they were: coverage complains of a measurement that it did not end itself."""
    sys.settrace(_tracer)
