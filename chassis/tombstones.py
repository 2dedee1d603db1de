"""
What keeps the erased from coming back: a late event, a replay, an old register, a restored backup.

A tombstone is a keyed hash: it recognises somebody who is named to it, and names nobody.
"""

from collections.abc import Collection, Iterable
from functools import cache
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chassis import crypto
from chassis.among import among
from chassis.clock import now
from chassis.db import tables_of
from chassis.many import FEW
from chassis.rows import insert_new
from chassis.tables import TombstoneColumns
from chassis.turns import take_turns

SUBJECT = "erased subject"
ERASING = "erasing"
"""The turn that an erasure has alone, and whatever could bring somebody back shares."""


def mark(session: AsyncSession, kind: str, text: str) -> str:
    """Return the tombstone's mark for a text of a kind; one kind's marks are no other's."""
    return crypto.keyed_hash(session, kind, text)


async def raised(session: AsyncSession, marks: Collection[str]) -> set[str]:
    """Return those marks that have a tombstone."""
    tombstone = tables_of(session).tombstone
    if len(marks) > FEW:
        asked = select(tombstone.mark).where(among(session, col(tombstone.mark), marks))
        return set((await session.exec(asked)).all())
    params = {"marks": list(marks)}
    return set((await session.exec(_among(tombstone), params=params)).all())


@cache
def _among(tombstone: type[TombstoneColumns]) -> SelectOfScalar[str]:
    # Every event and every registration asks it: it is put together once.
    return select(tombstone.mark).where(col(tombstone.mark).in_(bindparam("marks", expanding=True)))


async def is_erased(session: AsyncSession, subject: UUID) -> bool:
    return bool(await raised(session, [mark(session, SUBJECT, str(subject))]))


async def erased(session: AsyncSession, subjects: Collection[UUID]) -> set[UUID]:
    """Return who of these was erased; none of the others will be, until the transaction ends."""
    if not subjects:
        return set()
    await take_turns(session, ERASING, shared=True)
    marks = {mark(session, SUBJECT, str(each)): each for each in subjects}
    return {marks[each] for each in await raised(session, list(marks))}


async def concerns_erased(session: AsyncSession, subjects: Collection[UUID]) -> bool:
    """Say whether one of these was erased; none of them will be, until the transaction ends."""
    return bool(await erased(session, subjects))


async def erect(session: AsyncSession, marks: Iterable[str]) -> None:
    tombstone = tables_of(session).tombstone
    for each in marks:
        await insert_new(session, tombstone(mark=each, erased_at=now()))
