"""Export an event as files."""

from sessionboard_async.export.exporter import (
    RESOURCES,
    ExportProgress,
    Manifest,
    ResourceSummary,
    export_event,
)

__all__ = ["RESOURCES", "ExportProgress", "Manifest", "ResourceSummary", "export_event"]
