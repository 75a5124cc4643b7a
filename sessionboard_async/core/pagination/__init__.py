"""Read collections page by page."""
