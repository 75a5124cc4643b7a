"""SbQL queries of the embedded server."""
