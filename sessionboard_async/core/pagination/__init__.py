"""Paginated reading: pagers, streams, keyset and numbered pagination, checkpoints."""
