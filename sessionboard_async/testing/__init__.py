"""An embedded server of the Sessionboard API, for tests and for experiments without a token.

Names are imported on first use: pytest imports this package for its plugin in every project of an
environment, and most projects need no server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionboard_async._lazy import lazy_names

if TYPE_CHECKING:
    from sessionboard_async.testing._data.times import TieOrder, TimeBounds, TimePrecision, Times
    from sessionboard_async.testing.changes import Changes
    from sessionboard_async.testing.faults import Fault, FaultKind
    from sessionboard_async.testing.rate_limits import HeaderStyle, ServerLimits
    from sessionboard_async.testing.recorded import RecordedRequest
    from sessionboard_async.testing.server import EmbeddedServer
    from sessionboard_async.testing.simulated_time import SimulatedTime

__all__ = [
    "Changes",
    "EmbeddedServer",
    "Fault",
    "FaultKind",
    "HeaderStyle",
    "RecordedRequest",
    "ServerLimits",
    "SimulatedTime",
    "TieOrder",
    "TimeBounds",
    "TimePrecision",
    "Times",
]

_MODULES = {
    "Changes": "changes",
    "EmbeddedServer": "server",
    "Fault": "faults",
    "FaultKind": "faults",
    "HeaderStyle": "rate_limits",
    "RecordedRequest": "recorded",
    "ServerLimits": "rate_limits",
    "SimulatedTime": "simulated_time",
    "TieOrder": "_data.times",
    "TimeBounds": "_data.times",
    "TimePrecision": "_data.times",
    "Times": "_data.times",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
