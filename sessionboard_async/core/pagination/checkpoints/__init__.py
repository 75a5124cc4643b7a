"""Checkpoints: how far reading came, as a small value to store and to resume from."""
