"""
SQLite as a service opens it: durable, one writer, at most one trip to its thread a statement.

aiosqlite goes to the connection's thread and back to open a cursor, to execute, to fetch and to
close. Each trip wakes two threads and costs more than most of our statements take. SQLAlchemy
fetches all rows at once anyway, so all four are one trip here.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util.concurrency import await_

from chassis.pool import FairPool

Result = TypeVar("Result")

SCRUB_PATIENCE = 5.0
DEFERRED, IMMEDIATE = "BEGIN", "BEGIN IMMEDIATE"
"""What begins a transaction that locks nothing yet, and one that has the write lock."""
PATIENT, IMPATIENT = "PRAGMA busy_timeout=10000", "PRAGMA busy_timeout=0"


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """Executes a statement, fetches what it found, and lets go of it, in one trip."""

    __slots__ = ()

    def _aenter_cursor(self, _cursor: Any) -> Any:
        return None

    def _make_new_cursor(self, _connection: Any) -> Any:
        # The one that the statement is executed with takes its place.
        return None

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        pass

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._do(operation, lambda cursor: cursor.execute(operation, parameters or ()))

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._do(operation, lambda cursor: cursor.executemany(operation, seq_of_parameters))

    async def _do(self, operation: Any, do: Callable[[sqlite3.Cursor], Any]) -> None:
        adapted: Any = self._adapt_connection
        connection = self._connection

        def trip() -> tuple[sqlite3.Cursor, list[Any]]:
            with closing(connection._conn.cursor()) as cursor:  # noqa: SLF001 - The driver has no public one.
                do(cursor)
                return cursor, cursor.fetchall()

        async with adapted._execute_mutex:  # noqa: SLF001 - As the class does that this one is of.
            # What a cursor tells of its statement is still there when it is closed.
            cursor: Any
            if adapted.waits_for_nobody(operation):
                cursor, rows = trip()
            elif operation == IMMEDIATE and (begun := _begun(connection._conn)):  # noqa: SLF001 - As above.
                cursor, rows = begun, []
            else:
                cursor, rows = await _in_its_thread(connection, trip)
            self._cursor, self._rows = cursor, deque(rows)


async def _in_its_thread(connection: Any, trip: Callable[[], Result]) -> Result:
    """Make a trip, which ends where it is once nobody waits for it: a deadline has passed."""
    waited_for = True

    def if_waited_for() -> Result:
        if not waited_for:
            raise sqlite3.OperationalError("nobody waits for this statement")
        return trip()

    try:
        made: Result = await connection._execute(if_waited_for)  # noqa: SLF001 - The driver has no public one.
    except asyncio.CancelledError:
        waited_for = False
        # One that is closed by now has no statement to end.
        with suppress(ValueError):
            await connection.interrupt()
        raise
    return made


def _begun(connection: sqlite3.Connection) -> sqlite3.Cursor | None:
    """Begin with the write lock, unless somebody else has it: then it is waited for elsewhere."""
    connection.execute(IMPATIENT).close()
    try:
        with closing(connection.execute(IMMEDIATE)) as cursor:
            return cursor
    except sqlite3.OperationalError:
        return None
    finally:
        connection.execute(PATIENT).close()


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection whose cursors make one trip, or none, and that rolls back only what is open."""

    __slots__ = ("at_once",)

    _cursor_cls = Cursor

    def __init__(self, dbapi: Any, connection: Any, *, at_once: bool) -> None:
        super().__init__(dbapi, connection)
        self.at_once = at_once

    def waits_for_nobody(self, operation: str) -> bool:
        """Say whether a statement can be executed here: the writer's, and a reader's beginning."""
        return operation == DEFERRED or (self.at_once and self._connection.in_transaction)

    def rollback(self) -> None:
        inner = self._connection._connection  # noqa: SLF001 - As SQLAlchemy asks whether it is open.
        # The thread is idle: a connection is not rolled back but ended where nobody waited for it.
        if inner and inner.in_transaction:
            inner.rollback()


def open_engine(url: str, begin: str, pool: int, *, at_once: bool = False) -> AsyncEngine:
    """
    Return an engine whose transactions begin with the given words.

    `at_once` is for the writer, and for who only glances: once a transaction has begun, nobody can
    keep its statements waiting, and they are short, so they are executed where they are, without a
    trip. What can wait, for a lock that is not free or for the disk at the end, goes to the thread.
    Another reader's statements go there too, because they may be long, but neither its beginning
    nor its end.
    """

    def connect() -> Connection:
        arguments, options = engine.dialect.create_connect_args(engine.url)
        connection = aiosqlite.connect(*arguments, **{**options, "check_same_thread": False})
        # A process that is told to end must not wait for it.
        connection._thread.daemon = True  # noqa: SLF001 - As SQLAlchemy does.
        opened: Any = await_(connection)
        return Connection(engine.dialect.dbapi, opened, at_once=at_once)

    engine = create_async_engine(
        url,
        creator=connect,
        poolclass=FairPool,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=30,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself; the listener below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(PATIENT)
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


class Version:
    """
    Of a file, which changes with each commit to it, by whichever connection and process.

    Asking takes some microseconds, and neither a transaction nor a connection of a pool.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None

    def now(self) -> int | None:
        """Return the number of the version, which is no other's; None when it cannot be told."""
        try:
            # Numbers of two connections have nothing to do with each other: this asks all of them.
            self._connection = self._connection or sqlite3.connect(
                self._file, timeout=0, isolation_level=None, check_same_thread=False
            )
            with closing(self._connection.execute("PRAGMA data_version")) as found:
                return int(found.fetchone()[0])
        except sqlite3.OperationalError:
            return None

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


async def written_anew(file: str) -> bool:
    """Write a file anew without what was deleted from it; False when somebody keeps it busy."""
    return await asyncio.to_thread(_write_anew, file)


def _write_anew(file: str) -> bool:
    with closing(sqlite3.connect(file, timeout=SCRUB_PATIENCE, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            # Somebody writes for longer than this waits; they are not kept from it.
            return False
        return not busy
