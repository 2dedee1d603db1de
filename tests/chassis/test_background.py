"""What goes on beside the requests goes on, whatever happens to it, and ends with the service."""

import asyncio
from dataclasses import replace

from chassis.background import every
from chassis.db import Database, leave_work
from services.tracking.main import SERVICE
from tests.conftest import Start


async def test_work_that_fails_is_done_again(start: Start) -> None:
    turns: list[int] = []
    again = asyncio.Event()

    async def work(_database: Database) -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            raise OSError
        again.set()

    await start(replace(SERVICE, background=[every(0.01, work)]))

    await asyncio.wait_for(again.wait(), 5)


async def test_work_begins_at_once_after_a_change_that_left_some(start: Start) -> None:
    turns: asyncio.Queue[int] = asyncio.Queue()

    async def work(_database: Database) -> None:
        turns.put_nowait(turns.qsize())

    running = await start(replace(SERVICE, background=[every(3600, work)]))
    await asyncio.wait_for(turns.get(), 5)
    async with running.database.write() as session:
        leave_work(session)

    await asyncio.wait_for(turns.get(), 5)
