"""Loads the settings of generated tests before the tests are imported: they keep those of that moment."""

from hypothesis import settings

settings.load_profile("mutants")
