"""A process that shares its budget with others: each line of its input is a number of requests to make."""

from __future__ import annotations

import asyncio
import logging
import sys

from sessionboard_async import AsyncSession, RateLimits, Timeout


def write(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class StoreLog(logging.Handler):
    """Writes a word when the store stops answering, and when it answers again."""

    def emit(self, record: logging.LogRecord) -> None:
        if "answers again" in record.getMessage():
            write("back")
        elif "does not answer" in record.getMessage():
            write("alone")


async def main(token: str, base_url: str, store: str, sponsor: str) -> None:
    limits = RateLimits.shared(store, max_wait=None, store_timeout=5.0)
    async with AsyncSession(token, base_url=base_url, limits=limits, timeout=Timeout(total=None)) as sb:
        write("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            await asyncio.gather(*(sb.sponsors.get(4630, sponsor) for _ in range(int(line))))
            write("done")


if __name__ == "__main__":
    logger = logging.getLogger("sessionboard_async")
    logger.setLevel(logging.INFO)
    logger.addHandler(StoreLog())
    asyncio.run(main(*sys.argv[1:]))
