"""Bulk writes: operations as values, sent in batches, with one result."""
