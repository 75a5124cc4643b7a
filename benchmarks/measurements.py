"""Measurements, each run in a process of its own that prints one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

Rounds = list[dict[str, float]]


async def streams(base_url: str, names: list[str], pages: int, rounds: int) -> Rounds:
    """Stream with each contender in turn, in reverse order every other round; return seconds by name."""
    from benchmarks.contenders import CONTENDERS

    measured: Rounds = []
    async with AsyncExitStack() as stack:
        opened = {name: await stack.enter_async_context(CONTENDERS[name](base_url)) for name in names}
        for turn in range(-1, rounds):
            seconds = {}
            for name in names if turn % 2 else reversed(names):
                gc.collect()
                began, began_work = time.perf_counter(), time.process_time()
                records = await opened[name](pages)
                seconds[name] = time.perf_counter() - began
                seconds[f"{name} processor"] = time.process_time() - began_work
                if records != pages * 100:
                    raise RuntimeError(f"{name} delivered {records} records instead of {pages * 100}")
            if turn >= 0:  # The first round only warms up.
                measured.append(seconds)
    return measured


async def prefetch(
    base_url: str, depths: list[int | None], pages: int, rounds: int, pause: float = 0, warm_ups: int = 0
) -> Rounds:
    """Stream with different depths of prefetch in turn; the consumer waits ``pause`` seconds a page."""
    from benchmarks.contenders import TOKEN
    from sessionboard_async import AsyncSession

    measured: Rounds = []
    async with AsyncSession(TOKEN, base_url=base_url) as sb:
        # Fill the server's cache, and open the connections.
        async for _ in sb.sessions.search(pages, prefetch=16).raw_json():
            pass
        for turn in range(-warm_ups, rounds):
            seconds = {}
            for depth in depths if turn % 2 else reversed(depths):
                gc.collect()
                began = time.perf_counter()
                records = 0
                async for session in sb.sessions.search(pages, prefetch=depth):
                    _ = session.title
                    records += 1
                    if pause and records % 100 == 0:
                        await asyncio.sleep(pause)
                seconds[str(depth)] = time.perf_counter() - began
            if turn >= 0:
                measured.append(seconds)
    return measured


async def into(base_url: str, pages: int, rounds: int) -> Rounds:
    """Stream full records, and a struct with five of their fields; return the seconds of processor time."""
    import msgspec

    from benchmarks.contenders import TOKEN
    from sessionboard_async import AsyncSession, Pager
    from sessionboard_async.models import Room

    texts = [(name, str | None, None) for name in ("status", "starts_at")]
    talk = msgspec.defstruct("Talk", [("id", str), ("title", str), ("room", Room | None, None), *texts])
    measured: Rounds = []
    async with AsyncSession(TOKEN, base_url=base_url) as sb:
        search = sb.sessions.search(pages)
        ways: dict[str, Pager[Any]] = {"full": search, "struct": search.into(talk)}
        for turn in range(-1, rounds):
            seconds = {}
            for name in ways if turn % 2 else reversed(ways):
                gc.collect()
                began, records = time.process_time(), 0
                async for _ in ways[name]:
                    records += 1
                seconds[name] = time.process_time() - began
                if records != pages * 100:
                    raise RuntimeError(f"{name}: {records} records were delivered")
            if turn >= 0:  # The first round only warms up.
                measured.append(seconds)
    return measured


async def memory(base_url: str, depth: int | None) -> Rounds:
    """Stream 100,000 sessions; return the growth of the process, of its peak, and its size, in bytes."""
    from benchmarks.contenders import TOKEN
    from sessionboard_async import AsyncSession

    async with AsyncSession(TOKEN, base_url=base_url) as sb:
        await _consume(sb, pages=20, depth=depth, records=2_000)
        before = _memory("VmRSS")
        # A search ends at page 999, 100 records short of the total.
        await _consume(sb, pages=999, depth=depth, records=99_900)
        await _consume(sb, pages=1, depth=depth, records=100)
        highest = _memory("VmHWM")
        return [{"growth": _memory("VmRSS") - before, "peak": highest - before, "size": highest}]


async def _consume(sb: Any, *, pages: int, depth: int | None, records: int) -> None:
    delivered = 0
    async for session in sb.sessions.search(pages, prefetch=depth):
        _ = session.title
        delivered += 1
    if delivered != records:
        raise RuntimeError(f"{delivered} records were delivered instead of {records}")


def _memory(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return float(value.split()[0]) * 1024
    raise LookupError(field)


def keep(kind: str, pages: list[bytes]) -> Rounds:
    """Decode pages and keep every record; return the seconds of decoding."""
    import msgspec

    from benchmarks.model_variants import SESSION_PAGE, list_page

    decoder = msgspec.json.Decoder[Any](SESSION_PAGE if kind == "ours" else list_page())
    decoder.decode(pages[0])
    kept: list[Any] = []
    gc.collect()
    began = time.perf_counter()
    for body in pages:
        kept.extend(decoder.decode(body).results)
    seconds = time.perf_counter() - began
    if len(kept) != 100 * len(pages):
        raise RuntimeError(f"{len(kept)} records were kept")
    return [{kind: seconds}]


async def calls(base_url: str, session_id: str, count: int, rounds: int) -> Rounds:
    """Get one record repeatedly, with bare aiohttp and with this package; return seconds a call."""
    import aiohttp
    import msgspec

    from benchmarks.contenders import HEADERS, TOKEN
    from sessionboard_async import AsyncSession
    from sessionboard_async.models import Session

    decoder = msgspec.json.Decoder(Session)
    measured: Rounds = []
    async with aiohttp.ClientSession() as client, AsyncSession(TOKEN, base_url=base_url) as sb:

        async def bare() -> None:
            async with client.get(f"{base_url}/v1/event/1/sessions/{session_id}", headers=HEADERS) as answer:
                decoder.decode(await answer.read())

        async def us() -> None:
            await sb.sessions.get(1, session_id)

        ways: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {"floor": bare, "us": us}
        for turn in range(-1, rounds):
            seconds = {}
            for name in ways if turn % 2 else reversed(ways):
                way = ways[name]
                began = time.perf_counter()
                for _ in range(count):
                    await way()
                seconds[name] = (time.perf_counter() - began) / count
            if turn >= 0:
                measured.append(seconds)
    return measured


def imported(modules: list[str]) -> Rounds:
    """Import modules; return the seconds."""
    from importlib import import_module

    began = time.perf_counter()
    for module in modules:
        import_module(module)
    return [{"+".join(modules): time.perf_counter() - began}]


def main(arguments: dict[str, Any]) -> Rounds:
    """Run the measurement named by ``measurement`` with the other arguments."""
    name = arguments.pop("measurement")
    for module in arguments.pop("hide", ()):
        sys.modules[module] = None  # type: ignore[assignment]  # makes the import fail
    if name == "keep":
        from benchmarks.recording import recorded

        pages = [page.as_page(1, 1) for page in recorded(Path(arguments["file"]))]
        return keep(arguments["kind"], (pages * arguments["pages"])[: arguments["pages"]])
    if name == "imported":
        return imported(**arguments)
    if name == "losses":
        from benchmarks.jobs.losses import losses

        return losses(**arguments)
    if name == "jobs":
        from benchmarks.jobs.measurement import jobs

        return asyncio.run(jobs(**arguments))
    from benchmarks import limits

    loop_factory = None
    if arguments.pop("uvloop", False):
        import uvloop

        loop_factory = uvloop.new_event_loop
    measure: dict[str, Callable[..., Coroutine[Any, Any, Rounds]]] = {
        "streams": streams,
        "prefetch": prefetch,
        "into": into,
        "memory": memory,
        "calls": calls,
        "cost of limits": limits.cost,
        "makespan": limits.makespan,
        "gets without headers": limits.gets_without_headers,
        "refused streams": limits.refused_streams,
    }
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(measure[name](**arguments))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("arguments", type=json.loads)
    print(json.dumps(main(parser.parse_args().arguments)))
