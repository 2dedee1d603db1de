"""Work that goes on beside the requests, as long as the service runs."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from chassis.db import Database
from chassis.wake import Bell, Wake

log = structlog.get_logger()

Background = Callable[[Database, asyncio.Event], Coroutine[Any, Any, None]]
"""What runs on a service's database from its start until the event is set."""


def every(
    seconds: float, work: Callable[[Database], Awaitable[Any]], *, rung: bool = True
) -> Background:
    """
    Return what does the work at the start, every so often, and, if `rung`, when there may be some.

    That is after each change that left work. It outlives the work's failures, which are logged by
    their class only.
    """

    async def run(database: Database, stopping: asyncio.Event) -> None:
        bell = database.work_left.bell() if rung else Wake().bell()
        while not stopping.is_set():
            try:
                await work(database)
            except Exception as error:  # noqa: BLE001 - The next turn may find the database again.
                log.error(
                    "background_failed",
                    service=database.tables.source,
                    work=getattr(work, "__name__", "work"),
                    error=type(error).__name__,
                )
            await _rest(bell, stopping, seconds)

    return run


async def _rest(bell: Bell, stopping: asyncio.Event, seconds: float) -> None:
    waiting = [asyncio.create_task(bell.wait(seconds)), asyncio.create_task(stopping.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
