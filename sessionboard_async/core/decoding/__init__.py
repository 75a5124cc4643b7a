"""Decode answers: strictly where they fit the models, leniently where they do not."""
