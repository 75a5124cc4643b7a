"""Records that the API counts and does not return, or returns elsewhere than before: no silent loss."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from sessionboard_async import AsyncSession, PaginationError
from tests.core.pagination.lying_searches import LyingSearch, Record
from tests.core.pagination.searches import START, record
from tests.support.http_server import TOKEN, Handler, HttpServer, read_into

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]


def records(count: int) -> list[Record]:
    return [record(number, number) for number in range(count)]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [entry.message for entry in caplog.records if entry.levelno >= logging.WARNING]


HIDDEN = {
    "the first": {0},
    "some in the middle": {10, 11, 12, 13, 15},
    "the last": {24},
    "the last five": {*range(20, 25)},
    "a whole page": {*range(10, 21)},
    "all but one": {*range(1, 25)},
    "all but the last": {*range(24)},
}


@pytest.mark.parametrize("prefetch", [0, 8])
@pytest.mark.parametrize("hides_rows", [True, False])
@pytest.mark.parametrize("places", HIDDEN)
async def test_records_that_a_token_may_not_see_are_one_warning(
    serve: Serve, caplog: pytest.LogCaptureFixture, places: str, hides_rows: bool, prefetch: int
) -> None:
    hidden = frozenset(f"s{number}" for number in HIDDEN[places])
    search = LyingSearch(records(25), hidden=hidden, hides_rows=hides_rows)
    server = await serve(search)
    visible = [one["id"] for one in search.records if one["id"] not in hidden]
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        if search.records[0]["id"] in hidden and (hides_rows and places == "all but the last"):
            # Without a single record, it looks as if the API failed.
            with pytest.raises(PaginationError, match="repeatedly returns none"):
                await sb.sessions.search(1, page_size=10, prefetch=prefetch).collect()
            return
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10, prefetch=prefetch)]

    assert sorted(got, key=str) == sorted(visible)
    [warning] = warnings(caplog)
    assert f"{len(visible)} of 25 records were returned" in warning
    assert len(search.requests) < 25


@pytest.mark.parametrize("ties", [25, 15])
@pytest.mark.parametrize("hides_rows", [True, False])
async def test_hidden_records_among_equal_timestamps_are_one_warning(
    serve: Serve, caplog: pytest.LogCaptureFixture, hides_rows: bool, ties: int
) -> None:
    many = [record(number, max(0, number - ties)) for number in range(250)]
    search = LyingSearch(many, hidden=frozenset({"s3", "s120"}), hides_rows=hides_rows)
    search.records = [record(number, 0 if number < 150 else number) for number in range(250)]
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        got = [talk.id async for talk in sb.sessions.search(1)]

    assert len(got) == len({*got}) == 248
    [warning] = warnings(caplog)
    assert "248 of 250 records were returned" in warning


TOTALS: dict[str, Callable[[int], object]] = {
    "0": lambda _: 0,
    "-5": lambda _: -5,
    "1": lambda _: 1,
    "half of a page": lambda _: 5,
    "a page": lambda _: 11,
    "half": lambda total: total // 2,
    "one less": lambda total: total - 1,
    "one more": lambda total: total + 1,
    "ten times": lambda total: total * 10,
    "a million more": lambda total: total + 10**6,
    "400 digits": lambda _: 10**400,
    "true": lambda _: True,
    "a float": lambda _: 1e308,
    "none": lambda _: None,
}
WITH_ERROR = {"a million more"}


@pytest.mark.parametrize("prefetch", [0, 8])
@pytest.mark.parametrize("reported", TOTALS)
async def test_no_total_hides_a_record(serve: Serve, reported: str, prefetch: int) -> None:
    search = LyingSearch(records(45), total=TOTALS[reported])
    server = await serve(search)
    got: list[str | None] = []
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        try:
            await read_into(got, sb.sessions.search(1, page_size=10, prefetch=prefetch))
        except PaginationError:
            assert reported in WITH_ERROR

    assert got == [one["id"] for one in search.records]
    assert len(search.requests) < 100


@pytest.mark.parametrize("prefetch", [0, 8])
async def test_a_record_that_is_added_while_it_is_counted_is_no_contradiction(
    serve: Serve, caplog: pytest.LogCaptureFixture, prefetch: int
) -> None:
    # The API counts, then a record is added, then the API reads the page.
    search = LyingSearch(records(25))
    search.total = lambda total: total - (len(search.requests) == 3)
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10, prefetch=prefetch)]

    assert got == [one["id"] for one in search.records]
    assert warnings(caplog) == []


@pytest.mark.parametrize("prefetch", [0, 8, None])
@pytest.mark.parametrize(
    ("moved", "to"), [(58, 2), (2, 57), (15, 17), (5, 6), (59, 0)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("request_number", [2, 3, 4])
async def test_a_record_whose_time_of_creation_moves_comes_once(
    serve: Serve, moved: int, to: int, request_number: int, prefetch: int | None
) -> None:
    search = LyingSearch(records(60))

    def move(number: int) -> None:
        if number == request_number:
            created = START + timedelta(seconds=to, milliseconds=500)
            search.records[moved]["created_at"] = created.isoformat(timespec="milliseconds")

    search.before = move
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10, prefetch=prefetch)]

    assert sorted(got, key=str) == sorted(one["id"] for one in search.records)


async def test_a_record_that_moves_among_many_with_equal_timestamps_comes_once(serve: Serve) -> None:
    search = LyingSearch([record(number, min(number, 50)) for number in range(250)])

    def move(number: int) -> None:
        if number == 2:
            search.records[3]["created_at"] = search.records[249]["created_at"]

    search.before = move
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1)]

    assert len(got) == len({*got}) == 250


async def test_records_removed_since_a_checkpoint_are_not_missed(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    search = LyingSearch(records(45))
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=10)
        async for talk in pager:
            if talk.id == "s24":
                break
        checkpoint = pager.checkpoint(include_current=True)
        del search.records[3:9]
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10, resume=checkpoint)]

    assert got == [f"s{number}" for number in range(25, 45)]
    assert warnings(caplog) == []


async def test_records_that_change_during_the_reading_are_not_missed(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    search = LyingSearch([{**one, "updated_at": one["created_at"]} for one in records(45)])

    def change(number: int) -> None:
        if number == 3:
            for one in search.records[30:35]:
                one["updated_at"] = (START + timedelta(days=1)).isoformat(timespec="milliseconds")

    search.before = change
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, sort="updated_at", consistency="exact", page_size=10)
        got = [talk.id async for talk in pager]

    # They changed after the start of the reading. Only the last page is searched for them.
    assert got == [f"s{number}" for number in range(45) if number not in range(30, 35)]
    assert warnings(caplog) == []
    assert [query["page"] for body, query in search.requests if "filters" not in body] == ["1", "5"]


async def test_an_empty_page_at_the_end_is_requested_again(serve: Serve) -> None:
    undated: list[Record] = [{"id": f"u{number}", "created_at": None} for number in range(3)]
    search = LyingSearch([*records(25), *undated])
    regular = search.page

    def page(body: Record, query: Any) -> Record:
        answer = regular(body, query)
        if "filters" not in body and query["page"] == "3" and empties:
            return {**answer, "results": empties.pop()}
        return answer

    empties: list[list[Record]] = [[], []]
    search.page = page  # type: ignore[method-assign]  # one answer differs
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10)]

    assert sorted(got, key=str) == sorted((one["id"] for one in search.records), key=str)
    assert not empties


async def test_unreadable_records_that_are_counted_twice_do_not_hide_missing_ones(serve: Serve) -> None:
    undated: list[Record] = [{"id": f"u{number}", "created_at": None} for number in range(2)]
    search = LyingSearch([*records(25), *undated])
    for number in (8, 9):
        search.records[number]["title"] = {"not": "a text"}
    server = await serve(search)
    async with AsyncSession(TOKEN, base_url=server.base_url, strict=True) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=10, on_invalid="skip")]

    assert {"u0", "u1"} <= {*got}
    assert len(got) == len({*got}) == 25
