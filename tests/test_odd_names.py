"""Messages about wrong arguments quote odd names, and refuse them before any request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sessionboard_async import AsyncSession, ConfigurationError, Create, Pager, RateLimits, Update
from sessionboard_async._printable import printable, quoted
from sessionboard_async.change_feed import changes
from sessionboard_async.export.exporter import export_event
from sessionboard_async.models import UploadAddress
from sessionboard_async.sqlite import Database

ODD = "a\x1b[2J\u202eb"
NAIVE = datetime(2026, 8, 1)
ADDRESS = "https://storage.example/x"

CALLS: dict[str, Callable[[Any], Any]] = {
    "a filter": lambda sb: sb.sessions.search(1, **{ODD: 1}),
    "a field": lambda sb: sb.sessions.create(1, **{ODD: 1}),
    "an expansion": lambda sb: sb.sessions.search(1, expand=[ODD]),
    "an order": lambda sb: sb.sessions.search(1, sort=ODD),
    "a status": lambda sb: sb.sessions.search(1, status=ODD),
    "a time": lambda sb: sb.sessions.search(1, created_after=ODD),
    "a naive time in a property": lambda sb: sb.sessions.create(1, title="x", extra={ODD: NAIVE}),
    "bytes in a property": lambda sb: sb.sessions.create(1, title="x", extra={ODD: b"x"}),
    "no number in a property": lambda sb: sb.sessions.create(1, title="x", extra={ODD: float("nan")}),
    "a naive time in a custom field": lambda sb: sb.sessions.create(1, title="x", custom_fields={ODD: NAIVE}),
    "a mask": lambda sb: sb.contacts.update(1, "a", extra={f"email {ODD}": "j***@e***.com"}),
    "a field of a batch": lambda sb: sb.sessions.bulk(1, [Create({ODD: 1})]),
    "a property of a batch": lambda sb: sb.sessions.bulk(1, [Update("a", {"title": "x"}, extra={ODD: b""})]),
    "an id": lambda sb: sb.sessions.get(1, ODD),
    "an event": lambda sb: sb.sessions.get(ODD, "a"),
    "a method": lambda sb: sb.request(ODD, "/x"),
    "a path": lambda sb: sb.request("GET", f"/{ODD}"),
    "a checkpoint": lambda sb: sb.sessions.search(1, resume=ODD),
    "a consistency": lambda sb: sb.sessions.search(1, consistency=ODD),
    "a resource of a feed": lambda sb: anext(changes(sb, 1, resources=[ODD])),
    "a filter of a feed": lambda sb: anext(changes(sb, 1, filters={"sessions": {ODD: 1}})),
    "a resource of an export": lambda sb: export_event(sb, 1, "nowhere", only=[ODD]),
    "the address of an upload": lambda sb: sb.send_file(UploadAddress(url=ADDRESS + ODD), b"x"),
}


async def send(call: Callable[[Any], Any], sb: AsyncSession) -> None:
    made = call(sb)
    await (made.first() if isinstance(made, Pager) else made)


@pytest.mark.anyio
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_no_message_about_an_argument_holds_control_characters(call: Callable[[Any], Any]) -> None:
    async with AsyncSession("token", base_url="http://127.0.0.1:1") as sb:
        with pytest.raises((ValueError, TypeError)) as caught:
            await send(call, sb)
    assert printable(str(caught.value)) == str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "options",
    [
        {"region": ODD},
        {"token_type": ODD},
        {"user_agent": ODD},
        {"base_url": f"https://{ODD}"},
        {"proxy": ODD},
    ],
    ids=repr,
)
async def test_no_message_about_an_option_holds_control_characters(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncSession("token", **options)
    assert printable(str(caught.value)) == str(caught.value)
    with pytest.raises(ValueError, match="on_store_error") as wrong:
        RateLimits.shared("redis://host", on_store_error=ODD)  # type: ignore[arg-type]  # as it is
    assert printable(str(wrong.value)) == str(wrong.value)


def test_no_message_about_a_path_holds_control_characters(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    file = folder / "no database"
    file.write_bytes(b"this is no database" * 1000)
    for path in (folder, file, file / "below", folder / "none" / "below"):
        with pytest.raises((ValueError, OSError)) as caught:
            Database(path, event_id=1, base_url="https://x")
        assert printable(str(caught.value)) == str(caught.value)


def test_plain_words_stay_without_quotes() -> None:
    assert quoted("custom_fields") == "custom_fields"
    assert quoted("naïve") == "naïve"
    assert quoted("two words") == "'two words'"
    assert quoted("x\n") == r"'x\n'"
    assert quoted("") == "''"
