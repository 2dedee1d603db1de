"""
Entries become a chain: each seal covers its entry and the seal before it.

One sealer at a time chains what has committed, within about a second. The writers of entries
need not wait for each other, as they would if each had to know the entry before its own.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.audit.entries import HASH_BYTES, Row
from chassis.db import Database, tables_of
from chassis.rows import insert_all, insert_the_missing
from chassis.tables import ServiceTables, core_table
from chassis.turns import try_turn
from chassis.wake import rest

log = structlog.get_logger()

SEAL_SECONDS = 1.0
BATCH = 500
FIRST = bytes(32)
"""What stands before the first seal."""


def canonical(entry: Mapping[str, Any]) -> bytes:
    """Return an entry in the one form in which it is hashed: sorted keys, no space, UTC."""
    plain = dict(entry)
    plain["id"] = str(entry["id"])
    plain["at"] = entry["at"].astimezone(UTC).isoformat(timespec="microseconds")
    plain["subjects"] = entry["subjects"].hex()
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def seal_hash(prev: bytes, seq: int, entry: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(prev + seq.to_bytes(8) + canonical(entry)).digest()


async def seal(database: Database, most: int = BATCH) -> int:
    """Chain what waits and return how many entries that were; none while another one does it."""
    tables = database.tables
    waiting = core_table(tables.audit_waiting)
    async with database.glance() as session:
        # Looking first keeps an idle sealer from taking SQLite's one write lock each second.
        looked = await session.connection()
        if (await looked.execute(select(waiting.c.entry_id).limit(1))).first() is None:
            return 0
    async with database.write() as session:
        if not await try_turn(session, "audit.seal"):
            return 0
        return await _seal(session, most)


async def _seal(session: AsyncSession, most: int) -> int:
    connection, tables = await session.connection(), tables_of(session)
    entry, waiting = core_table(tables.audit_entry), core_table(tables.audit_waiting)
    statement = (
        select(entry, waiting.c.subjects.label("names"))
        .join(waiting, waiting.c.entry_id == entry.c.id)
        .order_by(entry.c.id)
        .limit(most)
    )
    found = (await connection.execute(statement)).mappings().all()
    if not found:
        return 0
    seq, prev = await head(connection, tables)
    seals: list[Row] = []
    about: dict[tuple[bytes, Any], None] = {}
    names: dict[bytes, str] = {}
    for row in found:
        each = dict(row)
        subjects = each.pop("names")
        seq, before = seq + 1, prev
        prev = seal_hash(before, seq, each)
        seals.append({"seq": seq, "entry_id": each["id"], "prev": before, "hash": prev})
        hashes = hashes_in(each["subjects"])
        about |= {(part, each["id"]): None for part in hashes}
        names |= dict(zip(hashes, subjects, strict=True))
    await insert_all(session, tables.audit_seal, seals)
    links = [{"subject": part, "entry_id": entry_id} for part, entry_id in about]
    await insert_all(session, tables.audit_about, links)
    # Somebody who was erased stays nameless when their id is asked for later.
    named = [{"hash": part, "subject": name} for part, name in sorted(names.items())]
    await insert_the_missing(session, tables.audit_subject, named)
    done = [each["entry_id"] for each in seals]
    await connection.execute(delete(waiting).where(among(session, waiting.c.entry_id, done)))
    return len(seals)


async def head(connection: AsyncConnection, tables: ServiceTables) -> tuple[int, bytes]:
    """Return the number and the hash of the last seal."""
    seal = core_table(tables.audit_seal)
    last = select(seal.c.seq, seal.c.hash).order_by(seal.c.seq.desc()).limit(1)
    found = (await connection.execute(last)).first()
    return (found.seq, found.hash) if found else (0, FIRST)


def hashes_in(subjects: bytes) -> list[bytes]:
    return [subjects[at : at + HASH_BYTES] for at in range(0, len(subjects), HASH_BYTES)]


async def run_sealer(database: Database, stopping: asyncio.Event) -> None:
    """Seal until told to stop, each second; once more at the end, so that little is left."""
    sealed, last = 0, False
    mark: int | None = None
    while not last:
        last = stopping.is_set() and sealed < BATCH
        try:
            if not database.is_still(mark):
                mark = database.mark()
                sealed = await seal(database)
        except Exception as error:  # noqa: BLE001 - The sealer must outlive any failure of the database.
            log.error("sealer_failed", service=database.tables.source, error=type(error).__name__)
            sealed, mark = 0, None
        if sealed == BATCH:
            continue
        await rest(stopping, SEAL_SECONDS)
