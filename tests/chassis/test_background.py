"""What goes on beside the requests goes on, whatever happens to it, and ends with the service."""

import asyncio
import time
from dataclasses import replace

from chassis.background import every
from chassis.db import Database, leave_work
from chassis.wake import LATE_SECONDS, quiet
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


async def test_what_nobody_waits_for_lets_a_queue_go_first_but_not_for_ever() -> None:
    behind = True

    async def answer() -> None:
        while behind:
            time.sleep(2 * LATE_SECONDS)
            await asyncio.sleep(0)

    queue = asyncio.create_task(answer())
    waiting = asyncio.create_task(quiet(3600))
    await quiet(0.5)
    assert not waiting.done()

    behind = False
    await queue

    await asyncio.wait_for(waiting, 5)
