"""Reading the record in the order of its chain, for who watches it: each entry once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import found_among
from chassis.audit.chain import hashes_in
from chassis.audit.entries import subject_hash
from chassis.db import tables_of, vault_of
from chassis.tables import core_table


async def last_seal(session: AsyncSession) -> int:
    """Return the number of the last seal; an entry that is sealed later gets a higher one."""
    seal = core_table(tables_of(session).audit_seal)
    last = select(func.max(seal.c.seq))
    return (await (await session.connection()).execute(last)).scalar_one() or 0


async def sealed_between(
    session: AsyncSession,
    after: int,
    until: int,
    *,
    decision: str | None = None,
    about: Sequence[bytes] | None = None,
) -> Sequence[Any]:
    """Return the entries whose seals have these numbers; one for each subject that is asked for."""
    tables = tables_of(session)
    entry, seal = core_table(tables.audit_entry), core_table(tables.audit_seal)
    subject = core_table(tables.audit_about)
    statement = (
        select(entry)
        .join(seal, seal.c.entry_id == entry.c.id)
        .where(seal.c.seq > after, seal.c.seq <= until)
        .order_by(seal.c.seq)
    )
    if decision:
        statement = statement.where(entry.c.decision == decision)
    if about is not None:
        statement = statement.add_columns(subject.c.subject).join(
            subject, (subject.c.entry_id == entry.c.id) & subject.c.subject.in_(about)
        )
    return (await (await session.connection()).execute(statement)).all()


async def ids_of(session: AsyncSession, entries: Sequence[Any]) -> list[UUID]:
    """Return the ids that entries are about, but of those who were erased."""
    subject = core_table(tables_of(session).audit_subject)
    hashes = {part for entry in entries for part in hashes_in(entry.subjects)}
    statement = select(subject.c.subject)
    found = await found_among(await session.connection(), statement, subject.c.hash, hashes)
    return [UUID(each.subject) for each in found if each.subject]


async def met_by(
    session: AsyncSession, actor: str, ids: Sequence[UUID], since: datetime
) -> set[UUID]:
    """Return of which of these there is an entry that somebody made since then."""
    tables = tables_of(session)
    entry, about = core_table(tables.audit_entry), core_table(tables.audit_about)
    hashes = {subject_hash(vault_of(session), each): each for each in ids}
    statement = (
        select(about.c.subject)
        .join(entry, entry.c.id == about.c.entry_id)
        .where(entry.c.actor == actor, entry.c.at >= since)
    )
    found = await found_among(await session.connection(), statement, about.c.subject, hashes)
    return {hashes[each.subject] for each in found}
