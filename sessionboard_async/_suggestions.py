"""Suggestions for misspelt names."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(misspelt: Iterable[object], known: Iterable[str], *, likeness: float = 0.7) -> str:
    """Return a question that names the known words closest to the misspelt ones; empty if none is close.

    Args:
        misspelt: The words that are not known.
        known: The known words.
        likeness: How much alike two words must be, from 0 to 1.
    """
    # Imported here, since most programs misspell nothing.
    from difflib import get_close_matches

    names = sorted(known)
    found: dict[str, None] = {}
    for word in misspelt:
        found |= dict.fromkeys(
            get_close_matches(str(word)[:100].strip().lower(), names, n=1, cutoff=likeness)
        )
    return f"; did you mean {' and '.join(map(repr, found))}?" if found else ""
