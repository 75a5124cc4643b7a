"""How fast and how frugal the package is, as ratios within one run: ``python -m benchmarks``."""
