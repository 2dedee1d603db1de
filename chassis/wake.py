"""A bell that one part of a process rings and several others wait for; and a rest between turns."""

import asyncio
from contextlib import suppress


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
