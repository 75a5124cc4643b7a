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
    for given in misspelt:
        word = str(given)[:100].strip().lower()
        # Two letters that changed places make a short word look like another one.
        same_letters = [name for name in names if sorted(name) == sorted(word)]
        found |= dict.fromkeys(same_letters[:1] or get_close_matches(word, names, n=1, cutoff=likeness))
    return f"; did you mean {' and '.join(map(repr, found))}?" if found else ""
