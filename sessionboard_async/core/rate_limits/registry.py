"""The limiters of this process, one per token, address and limits."""

from __future__ import annotations

import os
import sys
import threading
from weakref import WeakValueDictionary

import msgspec

from sessionboard_async.core.options import RateLimits
from sessionboard_async.core.rate_limits.limiter import Limiter

_limiters: WeakValueDictionary[tuple[str, str, RateLimits], Limiter] = WeakValueDictionary()
# A client may be made for each request: its budgets must outlive it.
_kept_alive: set[Limiter] = set()
_limiters_lock = threading.Lock()


def limiter_for(token_digest: str, base_url: str, limits: RateLimits) -> Limiter:
    """Return the limiter shared by all clients of this process with the same token, address and limits.

    Args:
        token_digest: A hash of the token.
        base_url: The API's address.
        limits: The limits; ``max_wait`` and ``bulk_max_wait`` make no difference.
    """
    key = (token_digest, base_url, msgspec.structs.replace(limits, max_wait=None, bulk_max_wait=None))
    with _limiters_lock:
        _kept_alive.difference_update([limiter for limiter in _kept_alive if limiter.is_idle()])
        limiter = _limiters.get(key)
        if limiter is None:
            limiter = _limiters[key] = Limiter(limits)
        _kept_alive.add(limiter)
        return limiter


def forget_limiters(base_url: str | None = None) -> None:
    """Forget the budgets at an address, because another server listens there now.

    Args:
        base_url: The address; ``None`` for all of them.
    """
    with _limiters_lock:
        for key, limiter in list(_limiters.items()):
            if base_url in (None, key[1]):
                _kept_alive.discard(limiter)
                _limiters.pop(key, None)


def _begin_anew() -> None:
    """Forget the budgets in a forked process: the permits and locks in them belong to the parent."""
    # Another thread of the parent may have held it.
    global _limiters_lock
    _limiters_lock = threading.Lock()
    for limiter in list(_limiters.values()):
        limiter.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_begin_anew)
