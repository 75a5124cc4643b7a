"""The HTTP side of the embedded server."""
