"""Decoding of response bodies: strict if they fit the models, lenient otherwise."""
