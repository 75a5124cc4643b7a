"""What creates and updates of dashboards, widgets and saved queries take by keyword."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from sessionboard_async.services._common.payloads import Writable


class DashboardUpdate(TypedDict, total=False):
    """What changes a dashboard.

    Attributes:
        name: Its name.
        description: What it is for.
    """

    name: Writable[str]
    description: Writable[str]


class _Named(TypedDict):
    name: str


class DashboardCreate(_Named, total=False):
    """What creates a dashboard; ``name`` must be there.

    Attributes:
        description: What it is for.
        widgets: Widgets to begin with, each as an object.
    """

    description: Writable[str]
    widgets: Writable[Sequence[Mapping[str, Any]]]


class WidgetUpdate(TypedDict, total=False):
    """What changes a widget.

    Attributes:
        title: What people see.
        config: How it shows what it shows.
        query: The SbQL query whose rows it shows.
    """

    title: Writable[str]
    config: Writable[Mapping[str, Any]]
    query: Writable[str]


class _Typed(TypedDict):
    type: str


class WidgetCreate(_Typed, WidgetUpdate):
    """What creates a widget; ``type`` must be there."""


class QueryUpdate(TypedDict, total=False):
    """What changes a saved query.

    Attributes:
        name: Its name.
        query: The SbQL query.
        category: A word to find it by.
    """

    name: Writable[str]
    query: Writable[str]
    category: Writable[str]


class _Query(_Named):
    query: str


class QueryCreate(_Query, total=False):
    """What saves a query; ``name`` and ``query`` must be there.

    Attributes:
        category: A word to find it by.
    """

    category: Writable[str]
