"""One request, or one event, is one transaction, committed at the edge before the answer leaves."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import func, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import failpoint, many
from chassis.sqlite import DEFERRED, IMMEDIATE, open_engine, written_anew
from chassis.tables import ServiceTables, core_table
from chassis.vault import Vault
from chassis.wake import Wake

WORK_LEFT, EVENTS_LEFT = "work_left", "events_left"
BEFORE_COMMIT = "before_commit"
TURNS, TURN = "turns", "turn"
ALL_TURNS = text(
    "select pg_advisory_xact_lock_shared(:shared), count(pg_advisory_xact_lock(each)) "
    "from unnest(cast(:alone as bigint[])) each"
)
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
        """Connections that are kept open. As many more may be opened: requests find those."""
        self.vault: Vault | None = None
        self.events_left, self.work_left = Wake(), Wake()
        self.frozen: frozenset[str] = frozenset()
        """Callers whom the service answers no more; who watches over them keeps it up to date."""
        self.rights_ended: Callable[[str, float], Awaitable[bool]] = _never
        """Whether a caller's tokens were ended since an instant, as the issuer tells it."""
        self._turns: set[str] = set()
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._file = make_url(url).database or ""
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
            # Requests that wait for their reads to be on record may hold every other connection.
            self.recorder = _postgres_engine(url, 1)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that commits at the end of the block, or leaves nothing behind."""
        async with self._session(self.writer) as session:
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

    def exists(self) -> bool:
        """Say whether there is a file, where the database is one: asking SQLite would make it."""
        return not self.is_sqlite or Path(self._file).exists()

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
        if self.vault:
            await self.vault.wrapper.close()


async def apart(session: AsyncSession, effect: Awaitable[Result]) -> Result:
    """Do one of several things in a transaction: the next must see what is in the tables only."""
    result = await effect
    await session.flush()
    session.expunge_all()
    return result


async def _never(_caller: str, _issued_at: float) -> bool:
    return False


def tables_of(session: AsyncSession) -> ServiceTables:
    tables = session.info["tables"]
    assert isinstance(tables, ServiceTables)  # noqa: S101 - Database put it there.
    return tables


def vault_of(where: "AsyncSession | Database") -> Vault:
    vault = where.vault if isinstance(where, Database) else where.info["vault"]
    assert isinstance(vault, Vault)  # noqa: S101 - The service opened it as it started.
    return vault


def database_of(request: Request) -> Database:
    database = request.app.state.database
    assert isinstance(database, Database)  # noqa: S101 - The service put it there as it started.
    return database


async def take_turns(session: AsyncSession, turn: str, *, shared: bool = False) -> None:
    """
    Hold a turn until the transaction ends; several may share it, or one has it alone.

    For transactions that would each have to see what the other has not committed yet. SQLite's
    writers take turns anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        suffix = "_shared" if shared else ""
        await session.exec(select(getattr(func, f"pg_advisory_xact_lock{suffix}")(_number(turn))))
    else:
        # The one turn that SQLite's writers take is theirs from the transaction's beginning.
        await session.connection()


async def take_all_turns(session: AsyncSession, alone: Sequence[str], *, shared: str) -> None:
    """Hold several turns, of which one is shared, in one trip to PostgreSQL."""
    numbers = {"alone": sorted(map(_number, alone)), "shared": _number(shared)}
    await session.exec(ALL_TURNS, params=numbers)  # type: ignore[call-overload]  # It takes text.


async def try_turn(session: AsyncSession, turn: str) -> bool:
    """Take a turn alone until the transaction ends, or say at once that another one has it."""
    if session.get_bind().dialect.name == "postgresql":
        taken = await session.exec(select(func.pg_try_advisory_xact_lock(_number(turn))))
        return bool(taken.one())
    # SQLite belongs to one process. Its write lock must not be taken here: a request that waits
    # for news would keep the news from being written.
    turns: set[str] = session.info[TURNS]
    if turn in turns:
        return False
    turns.add(turn)
    session.info[TURN] = turn
    return True


def _number(turn: str) -> int:
    return int.from_bytes(hashlib.sha256(turn.encode()).digest()[:7])


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
        pool_size=pool,
        max_overflow=pool,
        pool_recycle=1800,
        pool_timeout=5,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "idle_in_transaction_session_timeout": "15000",
                "statement_timeout": "30000",
                "timezone": "UTC",
            },
        },
    )


@cache
def inserting(table: type[SQLModel], dialect: str) -> Any:
    """
    Return the statement that inserts a row of this table, made once and given values each time.

    It is of the table and not of the class: making it anew for each row, and asking the mapper
    about it, cost more than what the database does.
    """
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(core_table(table))


@cache
def _inserting_new(table: type[SQLModel], dialect: str) -> Any:
    return inserting(table, dialect).on_conflict_do_nothing()


@cache
def _inserting_all_new(table: type[SQLModel], dialect: str) -> Any:
    return _inserting_new(table, dialect).returning(core_table(table).c.id)


@cache
def _putting(table: type[SQLModel], dialect: str, counter: str | None) -> Any:
    """Return what inserts a row or overwrites it; with a counter, only one that is behind."""
    statement = inserting(table, dialect)
    keys = [column.name for column in inspect(table).primary_key]
    rest = {each.name: each for each in statement.excluded if each.name not in keys}
    older = None
    if counter is not None:
        older = statement.table.c[counter] < statement.excluded[counter]
    return statement.on_conflict_do_update(index_elements=keys, set_=rest, where=older)


@cache
def _defaults(table: type[SQLModel]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    fields = {each.name: table.model_fields[each.name] for each in core_table(table).c}
    constants = {
        name: field.default
        for name, field in fields.items()
        if field.default_factory is None and not field.is_required()
    }
    makers = {
        name: field.default_factory for name, field in fields.items() if field.default_factory
    }
    return constants, makers  # type: ignore[return-value]  # No default here asks for other values.


def new_row(table: type[SQLModel], **values: Any) -> dict[str, Any]:
    """
    Return a row by all its columns, with the defaults of those that are not told.

    It is what an object of the table would be inserted as, and making that takes ten times longer.
    """
    constants, makers = _defaults(table)
    made = {name: make() for name, make in makers.items() if name not in values}
    return constants | made | values


async def insert_new(session: AsyncSession, row: SQLModel) -> bool:
    """Insert the row unless its key is taken; say whether it was new. Safe in a race."""
    # Values are read from the row, so that its defaults count.
    return await insert_unless_there(session, type(row), row.model_dump())


async def insert_all_new(session: AsyncSession, rows: Sequence[SQLModel]) -> set[UUID]:
    """
    Insert rows of one table, but those whose key is taken; return the ids of the new ones.

    Of two rows with one key the first is inserted.
    """
    if not rows:
        return set()
    return await insert_all_unless_there(session, type(rows[0]), [row.model_dump() for row in rows])


async def insert_all_unless_there(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> set[UUID]:
    """Insert rows given by all their columns, but those whose key is taken; return the new ids."""
    if len(rows) <= 1:
        return {row["id"] for row in rows if await insert_unless_there(session, table, row)}
    if len(rows) > many.FEW and _dialect(session) == "postgresql":
        sent, arrays = many.statement(table, rows, unless_there=True, returning="id")
        return set((await session.exec(sent, params=arrays)).scalars())  # type: ignore[call-overload]  # It takes text.
    statement = _inserting_all_new(table, _dialect(session))
    return set((await session.exec(statement, params=rows)).scalars())


async def insert_unless_there(
    session: AsyncSession, table: type[SQLModel], values: Mapping[str, Any]
) -> bool:
    """Insert a row given by all its columns unless its key is taken; say whether it was new."""
    statement = _inserting_new(table, _dialect(session))
    return bool((await session.exec(statement, params=values)).rowcount)


async def put(session: AsyncSession, row: SQLModel) -> None:
    """Insert the row, or overwrite the one that has its primary key. Safe in a race."""
    await session.exec(_putting(type(row), _dialect(session), None), params=row.model_dump())


async def put_all(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert or overwrite rows of one table, each given by all its columns."""
    if rows:
        await session.exec(_putting(table, _dialect(session), None), params=rows)


async def note_new(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> set[tuple[Any, ...]]:
    """Insert rows but those whose key is taken; return the keys of the new ones."""
    return await _told_keys(session, table, _inserting_new(table, _dialect(session)), rows)


async def put_newer(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], counter: str
) -> set[tuple[Any, ...]]:
    """Put rows unless what has their key has counted as far; return the keys of those put."""
    return await _told_keys(session, table, _putting(table, _dialect(session), counter), rows)


async def _told_keys(
    session: AsyncSession, table: type[SQLModel], statement: Any, rows: Sequence[Mapping[str, Any]]
) -> set[tuple[Any, ...]]:
    keys = [column.name for column in core_table(table).primary_key]
    if len(rows) == 1:
        # Its count says as much, and costs less than an answer with rows.
        done = (await session.exec(statement, params=rows[0])).rowcount
        return {tuple(rows[0][name] for name in keys)} if done else set()
    telling = _telling_keys(table, statement)
    return {tuple(row) for row in await session.exec(telling, params=rows)} if rows else set()


@cache
def _telling_keys(table: type[SQLModel], statement: Any) -> Any:
    return statement.returning(*core_table(table).primary_key)


async def insert_all(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows of one table, each given by its columns, in one statement."""
    if len(rows) > many.FEW and _dialect(session) == "postgresql":
        statement, arrays = many.statement(table, rows)
        await session.exec(statement, params=arrays)  # type: ignore[call-overload]  # It takes text.
    elif rows:
        await session.exec(inserting(table, _dialect(session)), params=rows)


def _dialect(session: AsyncSession) -> str:
    return session.get_bind().dialect.name
