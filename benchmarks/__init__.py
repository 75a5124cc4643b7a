"""Benchmarks of speed, memory and requests, as ratios within one run: ``python -m benchmarks``."""
