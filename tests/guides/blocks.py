"""The blocks of the README and guides as parameters of tests, and the records that the server holds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sessionboard_async.testing import EmbeddedServer

Record = dict[str, Any]


def block(name: str) -> pytest.MarkDecorator:
    """Pass a block to a test, as a file."""
    return pytest.mark.parametrize("block", [name], indirect=True)


def records(server: EmbeddedServer, resource: str, **filters: str) -> list[Record]:
    """Fetch all records of the event with another client, oldest first; clear the requests."""
    url = f"{server.base_url}/v1/event/{server.event_id}/{resource}"
    found: list[Record] = []
    with httpx.Client(headers={"x-access-token": server.token}) as client:
        while True:
            paging = {"page": len(found) // 100 + 1, "pageSize": 100}
            body = {"filters": filters, "sort": {"order": "createdAt", "sort": "asc"}}
            answer = client.post(url, params=paging, json=body).json()
            found += answer["results"]
            if len(found) >= answer["pagination"]["totalResults"]:
                server.requests.clear()
                return found
