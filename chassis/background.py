"""Work that goes on beside the requests, as long as the service runs."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from chassis.db import Database

log = structlog.get_logger()

Background = Callable[[Database, asyncio.Event], Coroutine[Any, Any, None]]
"""What runs on a service's database from its start until the event is set."""


def every(seconds: float, work: Callable[[Database], Awaitable[Any]]) -> Background:
    """
    Return what does the work at the start, after each change that left work, and every so often.

    It outlives the work's failures, which are logged by their class only.
    """

    async def run(database: Database, stopping: asyncio.Event) -> None:
        bell = database.work_left.bell()
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
            await bell.wait(seconds)

    return run
