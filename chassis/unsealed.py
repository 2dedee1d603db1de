"""
Seals what an older version of a service kept in the clear, before the service serves again.

A migration has no keys. It marks such values with a first byte of 0, which no sealed value has;
then, as the service starts, they are sealed in batches. Whoever is killed in between goes on
where it stopped. A marked value never opens, so nobody can plant one.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import func, inspect, literal, tuple_
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto, idempotency
from chassis.db import Database
from chassis.tables import GivenAnswerColumns, JobColumns
from chassis.turns import take_turns

log = structlog.get_logger()

MARK = b"\0"
BATCH = 500

SealRows = Callable[[AsyncSession, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True)
class Unsealed:
    """A table with values that may be marked; `column` is one that is marked in all such rows."""

    table: type[SQLModel]
    column: str
    seal: SealRows


def is_marked(kept: bytes) -> bool:
    return kept[:1] == MARK


def plain(kept: bytes) -> bytes:
    """Return the value behind its mark."""
    if not is_marked(kept):
        raise ValueError("This value is not in the clear.")
    return kept[1:]


async def seal_all(database: Database, several: Sequence[Unsealed]) -> None:
    """Seal every marked value of these tables, and of the chassis' own."""
    own = [
        Unsealed(database.tables.job, "payload", _seal_payloads),
        Unsealed(database.tables.given_answer, "body", _seal_answers),
    ]
    sealed = 0
    for each in (*own, *several):
        sealed += await _seal_table(database, each)
    if sealed:
        log.info("sealed_what_was_in_the_clear", service=database.tables.source, rows=sealed)
        if database.is_sqlite:
            await _drop_traces(database)


async def _seal_table(database: Database, each: Unsealed) -> int:
    keys = [getattr(each.table, column.key) for column in inspect(each.table).primary_key]
    marked = func.substr(getattr(each.table, each.column), 1, 1) == MARK
    statement = select(each.table).where(marked).order_by(*keys).limit(BATCH)
    after: tuple[Any, ...] | None = None
    sealed = 0
    while True:
        async with database.write() as session:
            await take_turns(session, "sealing what is in the clear")
            batch = statement
            if after is not None:
                last = (literal(value, key.type) for value, key in zip(after, keys, strict=True))
                batch = statement.where(tuple_(*keys) > tuple_(*last))
            rows = (await session.exec(batch)).all()
            if not rows:
                return sealed
            await each.seal(session, rows)
            after = tuple(getattr(rows[-1], key.key) for key in keys)
            sealed += len(rows)


async def _drop_traces(database: Database) -> None:
    """Write the SQLite file anew: its free pages would still hold what was in the clear."""
    async with database.writer.connect() as connection:
        # Not through SQLAlchemy, which would begin a transaction first.
        sqlite = (await connection.get_raw_connection()).driver_connection
        assert sqlite  # noqa: S101 - It was connected just now.
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            # A checkpoint that is not let go of would keep the next transaction from its end.
            await (await sqlite.execute(statement)).close()


async def _seal_payloads(session: AsyncSession, rows: Sequence[JobColumns]) -> None:
    key = crypto.service_key(session)
    for job in rows:
        job.payload = key.seal_bytes("job", "payload", plain(job.payload), row=job.id)
        session.add(job)


async def _seal_answers(session: AsyncSession, rows: Sequence[GivenAnswerColumns]) -> None:
    for answer in rows:
        body = plain(answer.body)
        answer.fingerprint = crypto.keyed_hash(session, idempotency.TABLE, answer.fingerprint)
        answer.body = crypto.service_key(session).seal_bytes(
            idempotency.TABLE, "body", body, row=(answer.caller, answer.key)
        )
        session.add(answer)


def marked(dialect: str, column: str, *, text: bool) -> str:
    """Return the SQL, for a migration, of a column's value as bytes with the mark before it."""
    if dialect == "sqlite":
        return f"cast(x'00' || cast({column} as blob) as blob)"
    value = f"convert_to(cast({column} as text), 'UTF8')" if text else column
    return f"decode('00', 'hex') || {value}"
