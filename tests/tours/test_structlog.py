"""Log records in structlog, with their fields."""

from __future__ import annotations

import io
import json
import logging

import pytest

from sessionboard_async import AsyncSession, ConnectionLostError, NotFoundError, Retry
from sessionboard_async.testing import EmbeddedServer, Fault

structlog = pytest.importorskip("structlog")

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.untraced]

NONE = "00000000-0000-0000-0000-000000000000"


async def test_attempts_are_lines_of_json_with_their_fields(
    sessionboard: AsyncSession, sessionboard_server: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    caplog.set_level(logging.DEBUG, "sessionboard_async")
    logging.getLogger("sessionboard_async").addHandler(handler)
    try:
        with pytest.raises(NotFoundError):
            await sessionboard.sessions.get(4630, NONE)
        sessionboard_server.faults.append(Fault("close_before", every=1))
        with pytest.raises(ConnectionLostError):
            await sessionboard.with_options(retry=Retry(attempts=1)).rooms.list(4630).first()
    finally:
        logging.getLogger("sessionboard_async").removeHandler(handler)
    refused, lost = (
        line for line in map(json.loads, stream.getvalue().splitlines()) if line["level"] == "debug"
    )
    assert refused.pop("event").startswith("GET /v1/event/{event_id}/sessions/{session_id}: 404, attempt 1, ")
    assert 0 < refused.pop("seconds") < 60
    assert refused == {
        "level": "debug",
        "method": "GET",
        "route": "/v1/event/{event_id}/sessions/{session_id}",
        "operation": "get-session",
        "attempt": 1,
        "status": 404,
        "error": None,
        "request_id": "embedded-000001",
    }
    assert (lost["operation"], lost["status"], lost["error"]) == ("list-rooms", None, "ConnectionLostError")
