"""Reading the record in the order of its chain, for who watches it: each entry once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.audit.entries import table
from chassis.db import tables_of


async def last_seal(session: AsyncSession) -> int:
    """Return the number of the last seal; an entry that is sealed later gets a higher one."""
    seal = table(tables_of(session).audit_seal)
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
    entry, seal = table(tables.audit_entry), table(tables.audit_seal)
    subject = table(tables.audit_about)
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
