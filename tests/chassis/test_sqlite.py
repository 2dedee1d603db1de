"""SQLite is asked in one trip to its thread, and answers as any database does."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.sqlite import DEFERRED, IMMEDIATE, Version, open_engine
from tests.patience import SECONDS

WITHOUT_END = (
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/boats.sqlite", IMMEDIATE, 1)
    async with engine.begin() as connection:
        await connection.execute(text("create table boat (id integer primary key, name text)"))
    yield engine
    await engine.dispose()


async def count_trips(connection: AsyncConnection) -> list[Any]:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    trips, go = [], driver._execute

    async def counted(function: Any, *arguments: Any) -> Any:
        trips.append(function)
        return await go(function, *arguments)

    driver._execute = counted
    return trips


async def test_a_statement_is_one_trip_whatever_it_finds(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        trips = await count_trips(connection)

        await connection.execute(text("insert into boat (name) values ('Amal'), ('Nour')"))
        found = await connection.execute(text("select name from boat order by id"))

        assert found.scalars().all() == ["Amal", "Nour"]
        assert len(trips) == 2


async def test_a_statement_that_nobody_waits_for_any_more_ends_and_leaves_room_for_others(
    engine: AsyncEngine,
) -> None:
    started = asyncio.Event()
    thread: Any = None

    async def count_without_end() -> None:
        nonlocal thread
        async with engine.connect() as connection:
            thread = (await connection.get_raw_connection()).driver_connection._thread  # type: ignore[union-attr]
            started.set()
            await connection.execute(text(WITHOUT_END))

    waiting = asyncio.create_task(count_without_end())
    await started.wait()
    await asyncio.sleep(0.05)
    waiting.cancel()

    # The one connection there is answers somebody else, by another thread.
    async with asyncio.timeout(SECONDS), engine.connect() as connection:
        assert (await connection.execute(text("select 1"))).scalar_one() == 1
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.to_thread(thread.join, SECONDS)
    assert not thread.is_alive()


async def test_the_writer_goes_to_its_thread_only_where_it_could_wait(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/boats.sqlite"
    engine = open_engine(url, IMMEDIATE, 1, at_once=True)
    async with engine.connect() as connection:
        trips = await count_trips(connection)

        await connection.execute(text("create table boat (id integer primary key, name text)"))
        await connection.execute(text("insert into boat (name) values ('Amal')"))
        found = await connection.execute(text("select name from boat"))
        assert found.scalars().all() == ["Amal"]
        assert len(trips) == 0

        await connection.commit()
        assert len(trips) == 1  # its end, which waits for the disk
    await engine.dispose()


async def test_a_lock_that_somebody_else_has_is_waited_for_in_the_thread(tmp_path: Path) -> None:
    file = tmp_path / "boats.sqlite"
    engine = open_engine(f"sqlite+aiosqlite:///{file}", IMMEDIATE, 1, at_once=True)
    other = sqlite3.connect(file, isolation_level=None)
    async with engine.connect() as connection:
        trips = await count_trips(connection)
        other.execute(IMMEDIATE)
        waiting = asyncio.create_task(connection.execute(text("create table boat (id integer)")))
        async with asyncio.timeout(SECONDS):
            while not trips:
                await asyncio.sleep(0)
        assert not waiting.done()

        other.execute("rollback")
        await waiting
        assert len(trips) == 1
    await engine.dispose()
    other.close()


async def test_a_reader_goes_to_its_thread_for_what_it_asks_and_not_to_begin_or_end(
    tmp_path: Path,
) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/boats.sqlite", DEFERRED, 1)
    async with engine.connect() as connection:
        trips = await count_trips(connection)

        assert await connection.scalar(text("select 1")) == 1
        await connection.rollback()
        assert not connection.in_transaction()
        assert len(trips) == 1
    await engine.dispose()


async def test_what_a_cursor_tells_outlives_the_trip(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        added = await connection.execute(text("insert into boat (name) values ('Amal')"))
        many = [{"name": "Nour"}, {"name": "Salam"}]
        await connection.execute(text("insert into boat (name) values (:name)"), many)
        changed = await connection.execute(text("update boat set name = 'Huda' where id > 1"))
        found = await connection.execute(text("select id, name from boat order by id"))

        assert added.lastrowid == 1
        assert changed.rowcount == 2
        assert [tuple(row) for row in found] == [(1, "Amal"), (2, "Huda"), (3, "Huda")]
        assert list(found.keys()) == ["id", "name"]


async def test_a_statement_that_fails_leaves_the_connection_usable(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("insert into boat values (1, 'Amal')"))
        with pytest.raises(IntegrityError):
            await connection.execute(text("insert into boat values (1, 'Nour')"))
        found = await connection.execute(text("select count(*) from boat"))

        assert found.scalar_one() == 1


async def test_what_was_begun_and_not_committed_is_rolled_back(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("insert into boat values (1, 'Amal')"))

    async with engine.connect() as connection:
        found = await connection.execute(text("select count(*) from boat"))

        assert found.scalar_one() == 0


async def test_a_file_is_of_another_version_after_each_commit_of_anybody_and_only_then(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    file = tmp_path / "boats.sqlite"
    version = Version(str(file))
    told = [version.now()]

    async with engine.connect() as connection:
        await connection.execute(text("insert into boat values (1, 'Amal')"))
        told.append(version.now())
    told.append(version.now())
    assert told == [told[0]] * 3
    async with engine.begin() as connection:
        await connection.execute(text("insert into boat values (1, 'Amal')"))
    told.append(version.now())
    other = sqlite3.connect(file)
    with other:
        other.execute("delete from boat")
    other.close()
    told.append(version.now())

    version.close()
    assert None not in told
    assert len(set(told)) == 3
    assert Version(str(tmp_path / "nowhere" / "boats.sqlite")).now() is None


async def test_rows_can_be_taken_as_a_stream(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        many = [{"name": str(number)} for number in range(250)]
        await connection.execute(text("insert into boat (name) values (:name)"), many)

        async with connection.stream(text("select name from boat order by id")) as found:
            names = [name async for (name,) in found]

        assert names == [str(number) for number in range(250)]
