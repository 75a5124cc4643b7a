"""Export an event as files."""

from sessionboard_async.export.checkpoints import export_checkpoint
from sessionboard_async.export.exporter import ExportProgress, export_event
from sessionboard_async.export.manifest import EarlierFile, Manifest, ResourceSummary, RunId
from sessionboard_async.export.resources import RESOURCES

__all__ = [
    "RESOURCES",
    "EarlierFile",
    "ExportProgress",
    "Manifest",
    "ResourceSummary",
    "RunId",
    "export_checkpoint",
    "export_event",
]
