"""No clock decides which records exact reading delivers: neither the server's nor the one that dates them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from sessionboard_async import AsyncSession
from tests.core.pagination.lying_searches import LyingSearch, Record
from tests.core.pagination.searches import START
from tests.support.http_server import TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.untraced, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]


def header(time: datetime) -> str:
    return format_datetime(time, usegmt=True)


NOW = datetime.now(UTC)
DATES = {
    "right": None,
    "10 years behind": header(NOW - timedelta(days=3650)),
    "a day behind": header(NOW - timedelta(days=1)),
    "two hours behind": header(NOW - timedelta(hours=2)),
    "two hours ahead": header(NOW + timedelta(hours=2)),
    "a day ahead": header(NOW + timedelta(days=1)),
    "1970": "Thu, 01 Jan 1970 00:00:00 GMT",
    "2001": "Mon, 01 Jan 2001 00:00:00 GMT",
    "the year 1": "Mon, 01 Jan 0001 00:00:00 GMT",
    "9999": "Fri, 31 Dec 9999 23:59:59 GMT",
    "missing": "",
    "garbage": "yesterday",
}


def dated(first: int, times: list[str | None]) -> list[Record]:
    return [
        {"id": f"s{number}", "created_at": time, "updated_at": time}
        for number, time in enumerate(times, first)
    ]


def text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


PAST: list[str | None] = [text(START + timedelta(seconds=number)) for number in range(25)]
RECENT: list[str | None] = [text(NOW + timedelta(seconds=number - 12)) for number in range(25)]
FUTURE: list[str | None] = [f"2099-01-01T00:00:{number:02}.000Z" for number in range(12)]
FIRST: list[str | None] = ["0001-01-01T00:00:00.000Z"] * 12
LAST: list[str | None] = ["9999-12-31T23:59:59.999Z"] * 12
ELSEWHERE: list[str | None] = ["0001-01-01T00:00:00.000+05:00", "9999-12-31T23:59:59.000-05:00"]
TIMES = {
    "the past": PAST,
    "now": RECENT,
    "the future": [*PAST, *FUTURE],
    "only the future": FUTURE,
    "the year 1": [*FIRST, *PAST],
    "one of the year 1": [*FIRST[:1], *PAST],
    "only the year 1": FIRST,
    "the year 9999": [*PAST, *LAST],
    "only the year 9999": LAST,
    "without a time": [*PAST, *[None] * 5],
    "more without a time than with": [*PAST, *[None] * 40],
    "everything": [*PAST, *RECENT, *FUTURE, *FIRST, *LAST, *[None] * 12],
    "the calendar's ends in other zones": [*PAST, *ELSEWHERE],
    "many at the calendar's ends in other zones": [*ELSEWHERE[:1] * 12, *PAST, *ELSEWHERE[1:] * 12],
}


@pytest.mark.parametrize("prefetch", [0, pytest.param(8, marks=pytest.mark.slow), None])
@pytest.mark.parametrize("times", TIMES)
async def test_every_record_arrives_whatever_the_clocks_say(
    serve: Serve, caplog: pytest.LogCaptureFixture, times: str, prefetch: int | None
) -> None:
    search = LyingSearch(dated(0, TIMES[times]))
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        for date, search.date in DATES.items():
            got = [talk.id async for talk in sb.sessions.search(1, page_size=10, prefetch=prefetch)]
            assert len(got) == len({*got}), date
            assert {*got} == {one["id"] for one in search.records}, date

    assert [entry.message for entry in caplog.records if entry.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("prefetch", [0, 8])
@pytest.mark.parametrize("times", TIMES)
async def test_every_record_arrives_by_the_time_of_its_change(
    serve: Serve, times: str, prefetch: int
) -> None:
    search = LyingSearch(dated(0, TIMES[times]))
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        for search.date in (None, DATES["10 years behind"], DATES["9999"], DATES["garbage"]):
            pager = sb.sessions.search(
                1, sort="updated_at", consistency="exact", page_size=10, prefetch=prefetch
            )
            got = [talk.id async for talk in pager]
            assert len(got) == len({*got})
            assert {*got} == {one["id"] for one in search.records}


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("times", TIMES)
async def test_more_equal_times_than_a_page_holds_arrive_at_any_time(
    serve: Serve, caplog: pytest.LogCaptureFixture, times: str, inclusive: bool
) -> None:
    search = LyingSearch(dated(0, TIMES[times]), inclusive=inclusive, largest_page=10)
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10)]

    assert sorted(got, key=str) == sorted((one["id"] for one in search.records), key=str)
    if "other zones" not in times:
        # Beyond the last millisecond of the calendar, no bound can be written.
        assert caplog.messages == []


@pytest.mark.parametrize("kind", ["records", "raw", "raw_json"])
async def test_records_without_a_time_arrive_in_every_form(serve: Serve, kind: str) -> None:
    search = LyingSearch(dated(0, TIMES["without a time"]))
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager: Any = sb.sessions.search(1, page_size=10)
        pager = pager if kind == "records" else getattr(pager, kind)()
        assert len(await pager.collect()) == len(search.records)


@pytest.mark.parametrize("prefetch", [0, 8])
async def test_records_without_a_time_that_come_first_are_read_by_page_numbers(
    serve: Serve, caplog: pytest.LogCaptureFixture, prefetch: int
) -> None:
    search = LyingSearch(dated(0, TIMES["without a time"]), nulls_first=True)
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10, prefetch=prefetch)]

    assert sorted(got, key=str) == sorted((one["id"] for one in search.records), key=str)
    [warning] = [entry.message for entry in caplog.records if entry.levelno == logging.WARNING]
    assert "a record has no created_at; reading by page numbers instead" in warning


async def test_records_without_a_time_take_few_requests(serve: Serve) -> None:
    search = LyingSearch(dated(0, TIMES["without a time"]))
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await sb.sessions.search(1, page_size=10).collect()

    by_number = [query for body, query in search.requests if "filters" not in body]
    # The first page of the stream, and the last.
    assert [query["page"] for query in by_number] == ["1", "3"]


@pytest.mark.parametrize("largest_page", [1, 4, 10])
async def test_records_without_a_time_arrive_if_pages_are_smaller_than_requested(
    serve: Serve, largest_page: int
) -> None:
    search = LyingSearch(dated(0, TIMES["without a time"]), largest_page=largest_page)
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10)]

    assert sorted(got, key=str) == sorted((one["id"] for one in search.records), key=str)


async def test_records_without_a_time_are_found_although_others_are_removed(serve: Serve) -> None:
    search = LyingSearch(dated(0, TIMES["more without a time than with"]))

    def remove(_: int) -> None:
        del search.records[0]

    search.before = remove
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10)]

    assert {one["id"] for one in search.records} <= {*got}
    assert len(got) == len({*got})


@pytest.mark.parametrize("stop_at", [3, 24, 25, 26, 31, 44, 64])
@pytest.mark.parametrize("include_current", [True, False])
async def test_records_without_a_time_arrive_after_a_checkpoint(
    serve: Serve, stop_at: int, include_current: bool
) -> None:
    search = LyingSearch(dated(0, TIMES["more without a time than with"]))
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager, before = sb.sessions.search(1, page_size=10), list[str | None]()
        async for talk in pager:
            before.append(talk.id)
            if len(before) == stop_at:
                break
        checkpoint = pager.checkpoint(include_current=include_current)
        after = [talk.id async for talk in sb.sessions.search(1, page_size=10, resume=checkpoint)]

    expected = sorted((one["id"] for one in search.records), key=str)
    assert sorted([*before[: None if include_current else -1], *after], key=str) == expected


async def test_the_end_of_many_records_without_a_time_is_read_backwards(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    # Past page 999, those that are sorted last are out of reach, but for the reverse order.
    search = LyingSearch(dated(0, TIMES["without a time"]), total=lambda total: total + 10**5 * (total > 25))
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10)]

    assert sorted(got, key=str) == sorted((one["id"] for one in search.records), key=str)
    assert "30 of 100030 records were returned" in caplog.text


@pytest.mark.parametrize("date", ["right", "10 years behind", "9999"])
async def test_a_stream_over_records_that_are_added_as_fast_as_it_reads_ends(serve: Serve, date: str) -> None:
    search = LyingSearch(dated(0, PAST), date=DATES[date])
    search.date = DATES[date]

    def add(request: int) -> None:
        assert request < 200, "the stream does not end"
        newest = START + timedelta(minutes=request)
        times = [text(newest + timedelta(seconds=number)) for number in range(12)]
        search.records += dated(len(search.records), [*times])

    search.before = add
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10)]

    assert {f"s{number}" for number in range(37)} <= {*got}
    assert len(got) == len({*got})


@pytest.mark.parametrize("prefetch", [0, 8])
async def test_records_that_change_all_the_time_come_once(serve: Serve, prefetch: int) -> None:
    search = LyingSearch(dated(0, PAST))
    ids = {one["id"] for one in search.records}

    def change(request: int) -> None:
        assert request < 200, "the stream does not end"
        for one in search.records[request % 3 :: 3]:
            one["updated_at"] = text(START + timedelta(hours=request))

    search.before = change
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        pager = sb.sessions.search(1, sort="updated_at", consistency="exact", page_size=10, prefetch=prefetch)
        got = [talk.id async for talk in pager]

    assert len(got) == len({*got})
    assert {*got} <= ids


async def test_a_server_that_ignores_page_numbers_shows_no_end(serve: Serve) -> None:
    times: list[str | None] = [text(START + timedelta(seconds=number)) for number in range(350)]
    search = LyingSearch(dated(0, times), ignores_numbers=True)
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        pager = sb.sessions.search(1, sort="updated_at", consistency="exact")
        got = [talk.id async for talk in pager]

    assert got == [one["id"] for one in search.records]
