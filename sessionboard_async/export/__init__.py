"""Export an event as files."""

from sessionboard_async.export.exporter import (
    RESOURCES,
    Manifest,
    Progress,
    ResourceSummary,
    export_event,
)

__all__ = ["RESOURCES", "Manifest", "Progress", "ResourceSummary", "export_event"]
