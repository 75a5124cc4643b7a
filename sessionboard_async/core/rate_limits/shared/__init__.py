"""One budget for many processes and hosts: what is known about each category lies in a Redis or Valkey.

The arithmetic is that of ``core/bucket.py``, carried out by one script where all processes meet. Each process
keeps a copy of what it was told, and goes on with that where the store does not answer.
"""

from sessionboard_async.core.rate_limits.shared.limiter import SharedLimiter

__all__ = ["SharedLimiter"]
