"""Effects that share a transaction of SQLite, and what each of them must not notice of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import new_id
from chassis.db import Database, apart
from chassis.together import MOST_TOGETHER, Together
from tests.chassis.road import Arrival, made
from tests.patience import SECONDS

Effect = Callable[[AsyncSession], Awaitable[Any]]


async def each_apart(session: AsyncSession, effects: Sequence[Effect]) -> list[Any]:
    return [await apart(session, effect(session)) for effect in effects]


class Counting(Database):
    """Counts its transactions."""

    transactions = 0

    @cached_property
    def together(self) -> Together[AsyncSession, Effect, Any]:
        return Together(self.write, each_apart)

    @asynccontextmanager
    async def write(self, *, aside: bool = False) -> AsyncIterator[AsyncSession]:
        self.transactions += 1
        async with super().write(aside=aside) as session:
            yield session


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Counting]:
    url = f"sqlite+aiosqlite:///{tmp_path}/harbour.sqlite"
    first = await made(url, "harbour")
    database = Counting(url, first.tables)
    yield database
    await database.close()
    await first.close()


def arrive(boat: int) -> Callable[[AsyncSession], Awaitable[int]]:
    async def effect(session: AsyncSession) -> int:
        session.add(Arrival(boat=boat))
        if boat < 0:
            raise ValueError(boat)
        return boat

    return effect


async def arrived(database: Database) -> list[int]:
    async with database.read() as session:
        return sorted((await session.exec(select(Arrival.boat))).all())


async def test_what_comes_in_the_same_moment_shares_a_commit(database: Counting) -> None:
    boats = range(MOST_TOGETHER)

    results = await asyncio.gather(*(database.together.take(arrive(boat)) for boat in boats))

    assert results == list(boats)
    assert await arrived(database) == list(boats)
    assert database.transactions == 1


async def test_what_fails_fails_alone(database: Counting) -> None:
    boats = [1, 2, -3, 4]

    results = await asyncio.gather(
        *(database.together.take(arrive(boat)) for boat in boats), return_exceptions=True
    )

    assert [type(result) for result in results] == [int, int, ValueError, int]
    assert await arrived(database) == [1, 2, 4]


async def test_each_sees_what_the_one_before_has_written(database: Counting) -> None:
    known = new_id()
    kept, seen = [], []

    async def begin(session: AsyncSession) -> None:
        session.add(Arrival(id=known, boat=1))

    async def remember(session: AsyncSession) -> None:
        kept.append(await session.get(Arrival, known))

    async def change(session: AsyncSession) -> None:
        renumber = update(Arrival).where(col(Arrival.id) == known).values(boat=2)
        await session.exec(renumber.execution_options(synchronize_session=False))

    async def look(session: AsyncSession) -> None:
        arrival = await session.get(Arrival, known)
        seen.append(arrival.boat if arrival else None)

    effects = (arrive(9), begin, remember, change, look)
    await asyncio.gather(*(database.together.take(effect) for effect in effects))

    assert seen == [2]
    assert database.transactions == 1


async def test_nobody_waits_for_ever_for_one_who_was_cancelled(database: Counting) -> None:
    begun = asyncio.Event()

    async def stay(_session: AsyncSession) -> None:
        begun.set()
        await asyncio.sleep(60)

    leader = asyncio.create_task(database.together.take(stay))
    await begun.wait()
    follower = asyncio.create_task(database.together.take(arrive(1)))
    await asyncio.sleep(0)

    leader.cancel()

    async with asyncio.timeout(SECONDS):
        with pytest.raises(asyncio.CancelledError):
            await leader
        with pytest.raises(ConnectionAbortedError):
            await follower
        await database.together.take(arrive(2))
    assert await arrived(database) == [2]
