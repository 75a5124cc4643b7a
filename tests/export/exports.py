"""The contents of exports, and of the API, for comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from sessionboard_async import AsyncSession
from sessionboard_async.export.resources import RESOURCES

PATHS = {resource: resource for resource in RESOURCES} | {"statuses": "session-statuses"}
"""The last segment of the path of each resource."""

STAGING = ".export-unfinished"


class Answer(msgspec.Struct):
    results: list[msgspec.Raw]
    pagination: dict[str, int]


async def fetch(sb: AsyncSession, event_id: int, resource: str, **body: Any) -> tuple[list[bytes], int]:
    """Fetch the pages of a resource one by one: the bytes of each record, and the reported total."""
    if resource not in {"fields", "statuses"}:
        body["sort"] = {"order": "createdAt", "sort": "asc"}
    path, records, page = f"/v1/event/{event_id}/{PATHS[resource]}", list[bytes](), 1
    while True:
        query = {"page": page, "pageSize": 100}
        response = await sb.request("POST", path, query=query, json=body, idempotent=True)
        answer = msgspec.json.decode(response.body, type=Answer)
        found = [bytes(record) for record in answer.results]
        assert b",".join(found) in response.body
        records += found
        if page >= answer.pagination["totalPages"]:
            return records, answer.pagination["totalResults"]
        page += 1


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def lines(directory: Path, resource: str) -> list[bytes]:
    return (directory / f"{resource}.jsonl").read_bytes().split(b"\n")[:-1]
