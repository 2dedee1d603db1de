"""
Is the record as it was written? The first row that is not is named.

    edited      the entry is another one than was sealed, or the seal was changed
    deleted     a sealed entry is gone, or a seal in the middle
    reordered   the seal does not follow the one before it
    unsealed    an entry is there that no seal covers, and none is going to
    unfindable  the index does not tell that the entry is about one of its subjects
    truncated   the chain ends before an anchor says; the first missing seal is named
    rewritten   the chain has another hash than an anchor tells
    anchors     the file of anchors was altered
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.among import AT_ONCE, found_among
from chassis.audit.anchors import AnchorError, Anchors, Line, departure
from chassis.audit.chain import FIRST, hashes_in, head, seal_hash
from chassis.db import Database
from chassis.tables import ServiceTables, core_table

SEGMENT = 10_000
BATCH = 500
ENTRY = "of_entry_"


@dataclass(frozen=True)
class Fault:
    """The first row that is not as it was written; `seq` is its place in the chain."""

    kind: str
    seq: int | None
    entry_id: UUID | None = None


@dataclass(frozen=True)
class Verified:
    """What was looked at: seals after `after` up to `until`; the rest begins at `next`."""

    after: int
    until: int
    head: int
    next: int | None
    waiting: int
    fault: Fault | None
    anchors: Sequence[Line]

    @property
    def anchored_at(self) -> datetime | None:
        return self.anchors[-1].at if self.anchors else None

    @property
    def restores(self) -> list[Line]:
        return [line for line in self.anchors if line.restored_to]


async def verify(
    database: Database, anchors: Anchors | None = None, *, after: int = 0, most: int = SEGMENT
) -> Verified:
    """Look at some of the chain, and at its end for what is outside it; stop at the first fault."""
    tables = database.tables
    async with database.read() as session:
        connection = await session.connection()
        last, _ = await head(connection, tables)
        waiting = await _waiting(connection, tables)
        until, fault = await _walk(connection, tables, after, after + most)
        if until < last and fault is None:
            return Verified(after, until, last, until, waiting, None, ())
        fault = fault or await _unsealed(connection, tables)
    lines: Sequence[Line] = ()
    if anchors:
        try:
            lines = await asyncio.to_thread(anchors.read)
        except AnchorError:
            fault = fault or Fault("anchors", None)
        else:
            gone = None if fault else await departure(database, lines)
            fault = Fault(gone.kind, gone.seq) if gone else fault
    return Verified(after, until, last, None, waiting, fault, lines)


async def _waiting(connection: AsyncConnection, tables: ServiceTables) -> int:
    waiting = core_table(tables.audit_waiting)
    counted = await connection.execute(select(func.count()).select_from(waiting))
    return int(counted.scalar_one())


async def _walk(
    connection: AsyncConnection, tables: ServiceTables, after: int, end: int
) -> tuple[int, Fault | None]:
    """Return how far the chain is as it was written, and what is wrong there, if anything."""
    seal, entry = core_table(tables.audit_seal), core_table(tables.audit_entry)
    seq, prev = after, await _hash_at(connection, seal, after)
    if prev is None:
        return after, Fault("deleted", after)
    columns = [
        seal.c.seq,
        seal.c.entry_id,
        seal.c.prev,
        seal.c.hash,
        *(each.label(f"{ENTRY}{each.name}") for each in entry.c),
    ]
    joined = seal.outerjoin(entry, entry.c.id == seal.c.entry_id)
    while seq < end:
        statement = (
            select(*columns)
            .select_from(joined)
            .where(seal.c.seq > seq)
            .order_by(seal.c.seq)
            .limit(min(BATCH, end - seq))
        )
        rows = [dict(row) for row in (await connection.execute(statement)).mappings()]
        if not rows:
            return seq, None
        for row in rows:
            if fault := _fault(row, seq, prev):
                return seq, fault
            seq, prev = row["seq"], row["hash"]
        if fault := await _unfindable(connection, tables, rows):
            return seq, fault
    return seq, None


async def _hash_at(connection: AsyncConnection, seal: Any, seq: int) -> bytes | None:
    if seq == 0:
        return FIRST
    found = await connection.execute(select(seal.c.hash).where(seal.c.seq == seq))
    return found.scalar_one_or_none()


def _fault(row: Mapping[str, Any], seq: int, prev: bytes) -> Fault | None:
    if row["seq"] != seq + 1:
        return Fault("deleted", seq + 1)
    if row[f"{ENTRY}id"] is None:
        return Fault("deleted", row["seq"], row["entry_id"])
    entry = {
        name.removeprefix(ENTRY): value for name, value in row.items() if name.startswith(ENTRY)
    }
    if row["hash"] != seal_hash(row["prev"], row["seq"], entry):
        return Fault("edited", row["seq"], row["entry_id"])
    if row["prev"] != prev:
        return Fault("reordered", row["seq"], row["entry_id"])
    return None


async def _unsealed(connection: AsyncConnection, tables: ServiceTables) -> Fault | None:
    entry, seal = core_table(tables.audit_entry), core_table(tables.audit_seal)
    waiting = core_table(tables.audit_waiting)
    statement = (
        select(entry.c.id)
        .where(
            ~exists().where(seal.c.entry_id == entry.c.id),
            ~exists().where(waiting.c.entry_id == entry.c.id),
        )
        .order_by(entry.c.id)
        .limit(1)
    )
    found = (await connection.execute(statement)).scalar_one_or_none()
    return Fault("unsealed", None, found) if found else None


async def _unfindable(
    connection: AsyncConnection, tables: ServiceTables, rows: Sequence[Mapping[str, Any]]
) -> Fault | None:
    about = core_table(tables.audit_about)
    statement = select(about.c.subject, about.c.entry_id)
    # One entry is about hundreds of people where a register came in.
    told = ((part, row) for row in rows for part in hashes_in(row[f"{ENTRY}subjects"]))
    while some := {(part, row["entry_id"]): row["seq"] for part, row in islice(told, AT_ONCE)}:
        entries = about.c.entry_id.in_({entry_id for _, entry_id in some})
        subjects = {part for part, _ in some}
        found = await found_among(connection, statement.where(entries), about.c.subject, subjects)
        there = {(each.subject, each.entry_id) for each in found}
        for pair, seq in some.items():
            if pair not in there:
                return Fault("unfindable", seq, pair[1])
    return None
