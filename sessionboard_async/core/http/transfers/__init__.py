"""Uploads and downloads: their sources, their targets, and the failures of both."""
