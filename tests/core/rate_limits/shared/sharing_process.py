"""A process that shares its budget with others: it makes as many requests as each line of its input says."""

from __future__ import annotations

import asyncio
import logging
import sys

from sessionboard_async import AsyncSession, RateLimits, Timeout


def tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class _Tell(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if "answers again" in record.getMessage():
            tell("back")
        elif "does not answer" in record.getMessage():
            tell("alone")


async def main(token: str, base_url: str, store: str, sponsor: str) -> None:
    limits = RateLimits.shared(store, max_wait=None, store_timeout=5.0)
    async with AsyncSession(token, base_url=base_url, limits=limits, timeout=Timeout(total=None)) as sb:
        tell("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            await asyncio.gather(*(sb.sponsors.get(4630, sponsor) for _ in range(int(line))))
            tell("done")


if __name__ == "__main__":
    logger = logging.getLogger("sessionboard_async")
    logger.setLevel(logging.INFO)
    logger.addHandler(_Tell())
    asyncio.run(main(*sys.argv[1:]))
