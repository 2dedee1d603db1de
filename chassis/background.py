"""Work that goes on beside the requests, as long as the service runs."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from chassis.db import Database
from chassis.wake import Bell, Wake, rest

log = structlog.get_logger()

Background = Callable[[Database, asyncio.Event], Coroutine[Any, Any, None]]
"""What runs on a service's database from its start until the event is set."""

LEFT = object()
"""Returned by work that has left something for later, whatever is written until then."""
LATER_SECONDS = 1.0
"""
So long after the start begins what nobody waits for. At once, each of these works would open a
connection of its own, while the first request waits for one.
"""
SWEEP_SECONDS = 30.0
"""How long after the start things that are over are first looked for."""


def every(
    seconds: float,
    work: Callable[[Database], Awaitable[Any]],
    *,
    rung: bool = True,
    first: float = 0.0,
    of_news: bool = False,
) -> Background:
    """
    Return what does the work `first` seconds after the start, and then every so often.

    If it is `rung`, it is done after each change that left work too. It outlives the work's
    failures, which are logged by their class only. `of_news` is for work on what was written, and
    nothing else: it is not done where nothing was written since, unless it has returned LEFT.
    """

    async def run(database: Database, stopping: asyncio.Event) -> None:
        bell = database.work_left.bell() if rung else Wake().bell()
        if first:
            await _rest(bell, stopping, first)
        mark: int | None = None
        while not stopping.is_set():
            try:
                if not database.is_still(mark):
                    mark = database.mark() if of_news else None
                    if await work(database) is LEFT:
                        mark = None
            except Exception as error:  # noqa: BLE001 - The next turn may find the database again.
                mark = None
                log.error(
                    "background_failed",
                    service=database.tables.source,
                    work=getattr(work, "__name__", "work"),
                    error=type(error).__name__,
                )
            await _rest(bell, stopping, seconds)

    return run


def sweeping(seconds: float, work: Callable[[Database], Awaitable[Any]]) -> Background:
    """Return what drops every so often what is over: a start has enough to do without it."""
    return every(seconds, work, rung=False, first=min(seconds, SWEEP_SECONDS))


async def begin_later(work: Coroutine[Any, Any, None], stopping: asyncio.Event) -> None:
    await rest(stopping, LATER_SECONDS)
    await work


async def _rest(bell: Bell, stopping: asyncio.Event, seconds: float) -> None:
    waiting = [asyncio.create_task(bell.wait(seconds)), asyncio.create_task(stopping.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
