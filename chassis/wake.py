"""A bell that one part of a process rings and several others wait for; and rests between turns."""

import asyncio
import time
from contextlib import suppress

DOZE_SECONDS, LATE_SECONDS = 0.01, 0.02
"""Whoever dozes off and is woken so much later stands in a queue, as every request does then."""


class Wake:
    """Waiters sleep until the bell rings or their patience ends; no ring is lost between waits."""

    def __init__(self) -> None:
        self._bells: list[asyncio.Event] = []

    def set(self) -> None:
        for bell in self._bells:
            bell.set()

    def bell(self) -> "Bell":
        return Bell(self._bells)


class Bell:
    """One waiter's ear."""

    def __init__(self, bells: list[asyncio.Event]) -> None:
        self._event = asyncio.Event()
        bells.append(self._event)

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()


async def rest(stopping: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until told to stop; say whether that was told."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
    return stopping.is_set()


async def quiet(most: float) -> None:
    """
    Let go first what somebody waits for: return when this process is not behind with its work.

    It returns after at most so many seconds, so that what waits for this is done however busy the
    day is.
    """
    deadline = time.monotonic() + most
    late = True
    while late and (before := time.monotonic()) < deadline:
        await asyncio.sleep(DOZE_SECONDS)
        late = time.monotonic() - before > DOZE_SECONDS + LATE_SECONDS
