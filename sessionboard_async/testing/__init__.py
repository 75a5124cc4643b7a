"""An embedded server of the Sessionboard API, for tests and for experiments without a token.

Names are imported on first use: pytest imports this package for its plugin in every project of an
environment, and most projects need no server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionboard_async._lazy import lazy_names

if TYPE_CHECKING:
    from sessionboard_async.testing._data.times import Times
    from sessionboard_async.testing.changes import Changes
    from sessionboard_async.testing.faults import Fault
    from sessionboard_async.testing.rate_limits import ServerLimits
    from sessionboard_async.testing.recorded import RecordedRequest
    from sessionboard_async.testing.server import EmbeddedServer
    from sessionboard_async.testing.simulated_time import SimulatedTime

__all__ = [
    "Changes",
    "EmbeddedServer",
    "Fault",
    "RecordedRequest",
    "ServerLimits",
    "SimulatedTime",
    "Times",
]

_MODULES = {
    "Changes": "changes",
    "EmbeddedServer": "server",
    "Fault": "faults",
    "RecordedRequest": "recorded",
    "ServerLimits": "rate_limits",
    "SimulatedTime": "simulated_time",
    "Times": "_data.times",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
