"""What goes on beside the requests goes on, whatever happens to it, and ends with the service."""

import asyncio
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event

from chassis.background import LEFT, every
from chassis.bus import InProcessBus
from chassis.db import Database, leave_work
from chassis.outbox import run_relay
from chassis.wake import LATE_SECONDS, quiet
from chassis.worker import run_worker
from services.tracking.main import SERVICE
from tests.chassis.road import Road
from tests.conftest import Start
from tests.patience import until


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


async def test_work_on_news_rests_until_something_is_written_but_not_with_some_left(
    tmp_path: Path,
) -> None:
    file = tmp_path / "news.sqlite"
    other = sqlite3.connect(file, isolation_level=None)
    database = Database(f"sqlite+aiosqlite:///{file}", SERVICE.tables)
    beats, turns = 0, 0

    async def beat(_database: Database) -> None:
        nonlocal beats
        beats += 1

    async def work(_database: Database) -> object:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise OSError
        if turns == 3:
            # Written while it looks: it may have looked before.
            other.execute("create table boat (id integer)")
        return LEFT if turns == 2 else None

    async def after(more: int) -> int:
        seen = beats
        await until(lambda: as_it_is(beats), lambda now: now >= seen + more)
        return turns

    stopping = asyncio.Event()
    background = [every(0.001, beat, rung=False), every(0.001, work, rung=False, of_news=True)]
    tasks = [asyncio.create_task(each(database, stopping)) for each in background]
    await until(lambda: as_it_is(turns), lambda now: now >= 4)
    resting = await after(30)
    other.execute("insert into boat values (1)")
    await until(lambda: as_it_is(turns), lambda now: now >= 5)
    woken = await after(30)
    stopping.set()
    await asyncio.gather(*tasks)
    await database.close()
    other.close()

    assert (resting, woken) == (4, 5)
    elsewhere = Database("postgresql+asyncpg://nobody@localhost/news", SERVICE.tables)
    assert elsewhere.mark() is None
    assert not elsewhere.is_still(None)
    await elsewhere.close()


async def test_what_may_be_left_to_do_is_looked_for_when_rung_for_or_a_moment_after_the_start(
    short_road: Road,
) -> None:
    database, bus, stopping = short_road.writer, InProcessBus(), asyncio.Event()
    looked: set[str] = set()

    def note(*told: Any) -> None:
        looked.update(each for each in ("FROM job", "FROM outbox") if each in told[2])

    for engine in (database.reader, database.glancer, database.writer):
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    tasks = [
        asyncio.create_task(run_worker(database, {}, stopping)),
        asyncio.create_task(run_relay(database, bus, stopping)),
    ]

    await asyncio.sleep(0.2)
    at_first = set(looked)
    database.work_left.set()
    database.events_left.set()
    await until(lambda: as_it_is(len(looked)), lambda now: now == 2)
    stopping.set()
    database.work_left.set()
    database.events_left.set()
    await asyncio.gather(*tasks)

    assert at_first == set()


async def as_it_is(value: int) -> int:
    return value


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
