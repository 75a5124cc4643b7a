"""Writes to the embedded server."""
