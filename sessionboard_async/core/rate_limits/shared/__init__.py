"""One budget for many processes and hosts, kept in a Redis or Valkey.

A script in the store does the arithmetic of ``core/rate_limits/bucket.py``. Each process keeps a copy of the
state, and decides from that copy while the store is unavailable.
"""

from sessionboard_async.core.rate_limits.shared.limiter import SharedLimiter

__all__ = ["SharedLimiter"]
