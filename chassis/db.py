"""One request, or one event, is one transaction, committed at the edge before the answer leaves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

from fastapi import Depends, Request
from sqlalchemy import func, true
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import failpoint
from chassis.pool import FairPool
from chassis.sqlite import DEFERRED, IMMEDIATE, Version, open_engine, written_anew
from chassis.tables import ServiceTables
from chassis.vault import Vault
from chassis.wake import Wake

WORK_LEFT, EVENTS_LEFT = "work_left", "events_left"
BEFORE_COMMIT = "before_commit"
TURNS, TURN = "turns", "turn"
FIRST_IN_TRANSACTION = "masar.first_in_transaction"
"""Where a request's scope holds what must be done before anything else is written."""


Result = TypeVar("Result")


class Database:
    """
    A service's own database.

    SQLite has one writer at a time, so its writers share one connection and begin with the
    lock held; without that, concurrent read-modify-write transactions lose updates silently.
    """

    def __init__(self, url: str, tables: ServiceTables, pool: int = 10) -> None:
        self.tables = tables
        self.pool = pool
        """So many connections are for what goes on beside the requests, and as many for those."""
        self.vault: Vault | None = None
        self.events_left, self.work_left = Wake(), Wake()
        self.frozen: frozenset[str] = frozenset()
        """Callers whom the service answers no more; who watches over them keeps it up to date."""
        self.rights_ended: Callable[[str, float], Awaitable[bool]] = _never
        """Whether a caller's tokens were ended since an instant, as the issuer tells it."""
        self._turns: set[str] = set()
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._file = make_url(url).database or ""
        self._version = Version(self._file) if self.is_sqlite and self._file else None
        if self.is_sqlite:
            self.writer = open_engine(url, begin=IMMEDIATE, pool=1, at_once=True)
            self.reader = open_engine(url, begin=DEFERRED, pool=pool)
            self.glancer = open_engine(url, begin=DEFERRED, pool=pool, at_once=True)
            self.recorder = self.writer
        else:
            self.writer = _postgres_engine(url, pool)
            # Each statement sees what has committed, in a transaction or not: none saves two trips.
            self.reader = self.writer.execution_options(isolation_level="AUTOCOMMIT")
            self.glancer = self.reader
            # Requests that wait for their reads to be on record may hold every other connection,
            # and in a rush they stand in line for those: what was told waits behind none of them.
            self.recorder = _postgres_engine(url, 1)

    @asynccontextmanager
    async def write(self, *, aside: bool = False) -> AsyncIterator[AsyncSession]:
        """
        Open a transaction that commits at the end of the block, or leaves nothing behind.

        `aside` is for the one relay: it does not stand in line with requests for a connection.
        """
        async with self._session(self.recorder if aside else self.writer) as session:
            try:
                yield session
                for finish in session.info.pop(BEFORE_COMMIT, ()):
                    await finish(session)
                await session.commit()
            finally:
                self._turns.discard(session.info.get(TURN, ""))
            if EVENTS_LEFT in session.info:
                self.events_left.set()
            if WORK_LEFT in session.info:
                self.work_left.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that writes nothing, whatever becomes of the objects that it reads."""
        async with self._session(self.reader, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncSession]:
        """Read what an index finds at once: in one process nothing else goes on meanwhile."""
        async with self._session(self.glancer, autoflush=False) as session:
            yield session

    def _session(self, engine: AsyncEngine, *, autoflush: bool = True) -> AsyncSession:
        info = {"tables": self.tables, "vault": self.vault, TURNS: self._turns}
        return AsyncSession(engine, expire_on_commit=False, autoflush=autoflush, info=info)

    def new_file(self) -> Path | None:
        """Return the file that is not there yet, where the database is to be one."""
        file = Path(self._file)
        return file if self.is_sqlite and not file.exists() else None

    def mark(self) -> int | None:
        """
        Return what tells later, by `is_still`, whether anything was committed meanwhile.

        Made before looking for work, it spares looking again for what is not there. None on
        PostgreSQL, which would have to be asked over the network: then one looks.
        """
        return self._version.now() if self._version else None

    def is_still(self, mark: int | None) -> bool:
        return mark is not None and self.mark() == mark

    async def scrub(self) -> bool:
        """
        Leave no byte of deleted rows in the file; say whether that was possible just now.

        SQLite keeps them in free space and in the log beside the file until these are written
        anew. PostgreSQL does that by itself, with its vacuum.
        """
        return not self.is_sqlite or await written_anew(self._file)

    async def close(self) -> None:
        for engine in (self.writer, self.reader, self.glancer, self.recorder):
            await engine.dispose()
        if self._version:
            self._version.close()
        if self.vault:
            await self.vault.wrapper.close()


class Outside(NamedTuple):
    """What a process that makes rows knows of a database which it does not see itself."""

    tables: ServiceTables
    vault: Vault


Where = AsyncSession | Database | Outside
"""Whatever knows the tables of a service, and its keys."""


async def apart(session: AsyncSession, effect: Awaitable[Result]) -> Result:
    """Do one of several things in a transaction: the next must see what is in the tables only."""
    result = await effect
    await session.flush()
    session.expunge_all()
    return result


async def _never(_caller: str, _issued_at: float) -> bool:
    return False


def tables_of(where: Where) -> ServiceTables:
    tables = where.info["tables"] if isinstance(where, AsyncSession) else where.tables
    assert isinstance(tables, ServiceTables)  # noqa: S101 - Database put it there.
    return tables


def vault_of(where: Where) -> Vault:
    vault = where.info["vault"] if isinstance(where, AsyncSession) else where.vault
    assert isinstance(vault, Vault)  # noqa: S101 - The service opened it as it started.
    return vault


def database_of(request: Request) -> Database:
    database = request.app.state.database
    assert isinstance(database, Database)  # noqa: S101 - The service put it there as it started.
    return database


def before_commit(session: AsyncSession, finish: Callable[[AsyncSession], Awaitable[None]]) -> None:
    """Do something as the last thing of this transaction."""
    session.info.setdefault(BEFORE_COMMIT, []).append(finish)


def leave_events(session: AsyncSession) -> None:
    """Ring for the relay, once this transaction has committed."""
    session.info[EVENTS_LEFT] = True


def leave_work(session: AsyncSession) -> None:
    """Ring for the worker and what goes on beside the requests, once this has committed."""
    session.info[WORK_LEFT] = True


async def _write_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with database_of(request).write() as session:
        if begin := request.scope.get(FIRST_IN_TRANSACTION):
            await begin(session)
        yield session
    failpoint.reach("api.after_commit")


async def _read_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with database_of(request).read() as session:
        yield session


# The function scope ends, and so commits, before the answer is sent: with FastAPI's default
# a failed commit would still have answered 201.
WriteSession = Annotated[AsyncSession, Depends(_write_session, scope="function")]
ReadSession = Annotated[AsyncSession, Depends(_read_session, scope="function")]


def _postgres_engine(url: str, pool: int) -> AsyncEngine:
    return create_async_engine(
        url,
        # All are kept: opening one takes longer than most requests, and it would be done at each
        # as soon as more come at once than are kept. The one used last is used next.
        pool_size=2 * pool,
        max_overflow=0,
        poolclass=FairPool,
        pool_recycle=1800,
        pool_timeout=5,
        connect_args={
            "timeout": 5,
            "server_settings": {
                # Who may see a row is a long condition, which takes seconds to compile and
                # milliseconds to ask.
                "jit": "off",
                "idle_in_transaction_session_timeout": "15000",
                "statement_timeout": "30000",
                "timezone": "UTC",
            },
        },
    )


async def plan_anew(session: AsyncSession) -> None:
    """
    Let PostgreSQL plan each statement of a transaction anew, for one that writes thousands of rows.

    A plan that it keeps is from when a table was smaller, or filled for the first time. By one it
    went through all households and compared each with each that a register names, until the table
    was analysed, which took half of the time of an import.
    """
    if session.get_bind().dialect.name == "postgresql":
        custom = func.set_config("plan_cache_mode", "force_custom_plan", true())
        await session.exec(select(custom))
