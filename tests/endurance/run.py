"""A run: many tasks on one client and a few others, under faults, and what is left of it."""

from __future__ import annotations

import asyncio
import gc
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import anyio

from sessionboard_async import SessionboardError
from sessionboard_async.testing import EmbeddedServer, ServerLimits
from tests.endurance.copies import Follower, copied_ids, download, export, follow, sync
from tests.endurance.journal import Journal, random_faults
from tests.endurance.streams import count, read, share
from tests.endurance.tally import Tally
from tests.endurance.visitor import Clients, Visitor, World, new_client
from tests.endurance.writes import upload, write_bulk, write_session

TASKS = 60

RESOURCES = ("sessions", "contacts", "speakers", "sponsors", "exhibitors", "rooms", "tags", "statuses")

_SESSIONS = 450
_LIMITS = ServerLimits(requests=400, window=0.5, searches=True)
_AWAY_EVERY = (3.0, 9.0)
_SLOW_STOP = 4.0
_SETTLING_SECONDS = 10.0
_REPORT_SECONDS = 60.0
_MEGABYTE = 1 << 20


async def _get(visitor: Visitor) -> None:
    """Get a record by its id."""
    world, draw = visitor.world, visitor.random
    resource = draw.choice(("sessions", "contacts", "sponsors"))
    id_ = draw.choice(sorted(world.ids[resource]))
    got = await visitor.attempt(getattr(visitor.client(), resource).get(world.event, id_))
    visitor.check(got.value is None or got.value.id == id_, "another record came than was asked for")


async def _replace_client(visitor: Visitor) -> None:
    """Close the client that is replaced now and then, while others use it."""
    await visitor.world.clients.replace()


async def _own_client(visitor: Visitor) -> None:
    """Open a client, use it, and close it, perhaps with a stream under way."""
    world = visitor.world
    client = new_client(world.server)

    async def use() -> None:
        async with client:
            async for _ in client.sessions.search(world.event, prefetch=8, page_size=30):
                if visitor.random.random() < 0.01:
                    break

    await visitor.attempt(use())
    await client.aclose()


ACTIONS: dict[str, tuple[int, Callable[[Visitor], Awaitable[None]]]] = {
    "read": (40, read),
    "share": (8, share),
    "count": (6, count),
    "get": (20, _get),
    "write": (8, write_session),
    "bulk": (2, write_bulk),
    "upload": (4, upload),
    "download": (4, download),
    "export": (3, export),
    "sync": (3, sync),
    "changes": (4, follow),
    "own client": (3, _own_client),
    "replace client": (1, _replace_client),
}
"""What tasks do, by name: how often, and how."""


class Run:
    """One run.

    Args:
        folder: An empty folder, which is empty afterwards too.
        seed: Determines all random choices.
        rounds: How many operations each task carries out.
        seconds: How long to go on instead; ``None`` for the number of operations.
        report: Called with the counts, once a minute.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        rounds: int,
        seconds: float | None,
        report: Callable[[str], object],
    ) -> None:
        self._folder = folder
        self._seed = seed
        self._rounds = rounds
        self._seconds = seconds
        self._report = report
        self._random = Random(f"{seed} server")
        self._over = asyncio.Event()
        self.tally = Tally()
        self.memory: list[float] = []
        """Megabytes in use, once a minute and at the end."""

    async def main(self) -> None:
        """Run all tasks to their end, close everything, and note what is left."""
        complaints: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context)))
        server = EmbeddedServer(sessions=_SESSIONS, speakers=80, contacts=130, light=True, limits=_LIMITS)
        async with server:
            await self._run(server)
        await self._check_tasks()
        gc.collect()
        await asyncio.sleep(0)
        self.tally.check(not complaints, f"the event loop complains: {complaints[:5]}")

    async def _run(self, server: EmbeddedServer) -> None:
        journal = Journal(server, self.tally.faults)
        first, second = server.event_ids
        world = World(
            server,
            Clients(server),
            self.tally,
            self._folder,
            ids={resource: server.ids(resource, first) for resource in RESOURCES},
            settled={resource: server.ids(resource, second) for resource in RESOURCES},
        )
        follower = Follower(self._folder / "follower.db")
        random_faults(server, journal, self._random)
        around = [
            asyncio.create_task(work)
            for work in (self._away(server), self._watch(), self._follow(world, follower))
        ]
        visitors = [Visitor(world, number, self._seed) for number in range(TASKS)]
        end = None if self._seconds is None else time.monotonic() + self._seconds
        await asyncio.gather(*(self._visit(visitor, end) for visitor in visitors))
        self._over.set()
        await asyncio.gather(*around)
        server.faults = []
        await self._check_permits(world)
        for client in world.clients.open:
            await client.aclose()
        if not self.tally.failures:
            await self._check_data(world, follower)
        repeated = journal.repeated
        self.tally.check(not repeated, f"{len(repeated)} writes were sent twice: {repeated[:3]}")

    async def _visit(self, visitor: Visitor, end: float | None) -> None:
        names = list(ACTIONS)
        weights = [weight for weight, _ in ACTIONS.values()]
        done = 0
        while not self._must_stop and (time.monotonic() < end if end else done < self._rounds):
            visitor.doing = visitor.random.choices(names, weights)[0]
            try:
                await ACTIONS[visitor.doing][1](visitor)
            except Exception:  # noqa: BLE001  # nothing may come out of an action
                visitor.fail(traceback.format_exc())
            self.tally.operations[visitor.doing] += 1
            done += 1

    @property
    def _must_stop(self) -> bool:
        """Whether to end early; a long run goes on, to find more than one failure."""
        return self.tally.has_failed or (self._seconds is None and bool(self.tally.failures))

    async def _away(self, server: EmbeddedServer) -> None:
        """Let the server refuse connections for a moment, now and then."""
        while not await self._is_over(self._random.uniform(*_AWAY_EVERY)):
            began = time.monotonic()
            await server.stop()
            took = time.monotonic() - began
            self.tally.check(took < _SLOW_STOP, f"the server took {took:.1f} s to stop")
            await asyncio.sleep(self._random.uniform(0.0, 0.05))
            await server.start()
            self.tally.faults["away"] += 1

    async def _watch(self) -> None:
        """Report the counts, the memory in use and new failures once a minute."""
        reported = 0
        while not await self._is_over(_REPORT_SECONDS):
            self.memory.append(megabytes())
            self._report(f"{self.tally.line()}, {self.memory[-1]:.0f} MB")
            for failure in self.tally.failures[reported:]:
                self._report(failure)
            reported = len(self.tally.failures)

    async def _follow(self, world: World, follower: Follower) -> None:
        """Keep a database up to date with the event that changes."""
        visitor = Visitor(world, TASKS, self._seed)
        visitor.doing = "follow"
        while not await self._is_over(0.5):
            client = visitor.client()
            await visitor.attempt(follower.update(client, world.changing, on_progress=visitor.moved))

    async def _is_over(self, seconds: float) -> bool:
        """Wait, and return whether the tasks have ended meanwhile."""
        with anyio.move_on_after(seconds):
            await self._over.wait()
        return self._over.is_set()

    async def _check_permits(self, world: World) -> None:
        """Check that no request is under way and no call waits, once abandoned streams have ended."""
        held = set[str]()
        try:
            async with asyncio.timeout(_SETTLING_SECONDS):
                while held := await self._held_permits(world):  # noqa: ASYNC110  # there is no event for it
                    await asyncio.sleep(0.1)
        except (TimeoutError, SessionboardError) as error:
            self.tally.fail(f"permits are held or calls wait, {held}: {error!r}")

    async def _held_permits(self, world: World) -> set[str]:
        held = set[str]()
        for client in world.clients.open:
            for resource in RESOURCES:
                # A budget without a documented limit is shown only while a window of the server is open.
                await getattr(client, resource).search(world.event).first()
                for budget in (await client.limits.snapshot()).values():
                    if budget.in_flight or budget.waiting:
                        held.add(f"{budget.category}: {budget.in_flight} and {budget.waiting}")
        return held

    async def _check_tasks(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        self.tally.check(not left, f"{len(left)} tasks left: {[*left][:3]}")

    async def _check_data(self, world: World, follower: Follower) -> None:
        """Check that what was written is there, and that the database has followed."""
        async with new_client(world.server) as client:
            await follower.update(client, world.changing, compare=True)
            for resource in follower.RESOURCES:
                present = world.server.ids(resource, world.changing)
                copied = copied_ids(follower.path, resource)
                lost, extra = present - copied.keys(), copied.keys() - present
                self.tally.check(
                    not lost and not extra,
                    f"the copy lacks {len(lost)} {resource} and has {len(extra)} too many",
                )
                kept = world.kept.get(resource, set()) - present
                gone = world.gone.get(resource, set()) & present
                self.tally.check(not kept, f"{len(kept)} written {resource} are not there")
                self.tally.check(not gone, f"{len(gone)} deleted {resource} are still there")
            titles = Counter([talk.title async for talk in client.sessions.search(world.changing)])
            twice = [
                title for title, number in titles.items() if number > 1 and str(title).startswith("mark-")
            ]
            self.tally.check(not twice, f"sessions created twice: {twice[:5]}")
        follower.path.unlink()


def megabytes() -> float:
    """Return the memory that this process uses; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / _MEGABYTE
