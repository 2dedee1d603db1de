"""
How a service forgets a subject: the rows, the key, what waits and what was answered.

In one transaction `erase` deletes or unlinks the rows, destroys the key and raises tombstones.
After it `keep` writes the ledger, lets no deleted byte stay in the file, and only then answers.
At each start `replay` compares the ledger with the tombstones: whoever a restored backup brought
back is erased again before the first request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Column, String, cast, delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, tombstones
from chassis.clock import now
from chassis.db import Database, leave_work, tables_of
from chassis.ledger import Entry, Ledger
from chassis.tables import ErasedColumns
from chassis.turns import take_turns

log = structlog.get_logger()

Counts = dict[str, int]
Answer = Callable[[AsyncSession, UUID, Counts, int], Awaitable[None]]
Marks = Callable[[AsyncSession, UUID], Awaitable[Sequence[str]]]


@dataclass(frozen=True)
class Fate:
    """What becomes of the rows that a column links to the subject: gone, or without subject."""

    deleted: bool
    values: Mapping[str, Any] = field(default_factory=dict)


DELETED = Fate(deleted=True)


def unlinked(**values: Any) -> Fate:
    """The row stays for its counts, says these values, and no longer whose it was."""
    return Fate(deleted=False, values=values)


async def _no_marks(_session: AsyncSession, _subject: UUID) -> Sequence[str]:
    return []


@dataclass(frozen=True)
class Forgetting:
    """
    How one service forgets.

    `rows` says for each column that links to a subject what becomes of its rows, in this order.
    `answer` tells that it is done, with counts by table, and how often that was told. `marks` are
    further tombstones, by which the subject could be known again. `came_back` erases whom a
    restored backup has brought back; by default that is forgetting once more.
    """

    rows: Sequence[tuple[Any, Fate]]
    answer: Answer
    marks: Marks = _no_marks
    came_back: Callable[[AsyncSession, UUID], Awaitable[None]] | None = None

    def columns(self) -> list[tuple["Column[Any]", Fate]]:
        return [(attribute.property.columns[0], fate) for attribute, fate in self.rows]


async def erase(
    session: AsyncSession, forgetting: Forgetting, subject: UUID, erasure_id: UUID
) -> None:
    """Forget a subject; asked again, forget what has come since, and answer again."""
    await take_turns(session, tombstones.ERASING)
    erased = tables_of(session).erased
    marks = await _marks(session, forgetting, subject)
    rows = await forget(session, forgetting, subject)
    await tombstones.erect(session, marks)
    known = await session.get(erased, erasure_id)
    if known is None:
        known = erased(erasure_id=erasure_id, marks=marks, rows=rows)
    known.kept_at = None
    session.add(known)
    # Whom it was about is nobody's to know any more: the erasure is named.
    audit.note(session, audit.system("erasure"), "erase", "person", erasure_id)
    leave_work(session)


async def _marks(session: AsyncSession, forgetting: Forgetting, subject: UUID) -> list[str]:
    own = tombstones.mark(session, tombstones.SUBJECT, str(subject))
    return [own, *await forgetting.marks(session, subject)]


async def forget(session: AsyncSession, forgetting: Forgetting, subject: UUID) -> Counts:
    """Delete or unlink all rows of a subject and destroy their key; return counts by table."""
    counts: Counts = {}
    for column, fate in forgetting.columns():
        table = column.table
        ours = column == (str(subject) if isinstance(column.type, String) else subject)
        if fate.deleted:
            done = await session.exec(delete(table).where(ours))
        else:
            done = await session.exec(
                update(table).where(ours).values({column.name: None, **fate.values})
            )
        counts[table.name] = counts.get(table.name, 0) + done.rowcount
    await crypto.destroy(session, subject)
    await audit.forget_subject(session, subject)
    await drop_mentions(session, subject)
    return counts


async def drop_mentions(session: AsyncSession, subject: UUID) -> None:
    """Drop what the chassis keeps for a while: events sent, dead letters, answers given."""
    tables, text = tables_of(session), f"%{subject}%"
    outbox, answer, letter = tables.outbox, tables.given_answer, tables.dead_letter
    await session.exec(
        delete(outbox).where(col(outbox.sent_at).is_not(None), col(outbox.body).like(text))
    )
    await session.exec(
        delete(answer).where(
            or_(cast(col(answer.headers), String).like(text), col(answer.key).like(text))
        )
    )
    letters = await session.exec(select(letter.id, letter.body))
    named = [id_ for id_, body in letters.all() if str(subject).encode() in body]
    await session.exec(delete(letter).where(col(letter.id).in_(named)))
    # A job that failed keeps what was sent, and one that is done what it left over.
    await session.exec(
        update(tables.job).where(col(tables.job.status).in_(("failed", "done"))).values(payload=b"")
    )
    await session.exec(delete(tables.position).where(col(tables.position.subject) == str(subject)))


async def keep(database: Database, forgetting: Forgetting, ledger: Ledger) -> bool:
    """
    Write the ledger for what was erased, leave no byte of it in the file, and answer.

    False when somebody kept the file busy: it is to be done again.
    """
    erased = database.tables.erased
    async with database.read() as session:
        waiting = (
            select(erased).where(col(erased.kept_at).is_(None)).order_by(col(erased.erased_at))
        )
        found: Sequence[ErasedColumns] = (await session.exec(waiting)).all()
    if not found:
        return True
    await asyncio.to_thread(ledger.append, [_entry(each) for each in found])
    if not await database.scrub():
        log.warning("erasure_not_scrubbed", service=database.tables.source)
        return False
    for each in found:
        async with database.write() as session:
            done = await session.exec(
                update(erased)
                .where(col(erased.erasure_id) == each.erasure_id, col(erased.kept_at).is_(None))
                .values(kept_at=now(), answers=each.answers + 1)
            )
            if done.rowcount:
                await forgetting.answer(session, each.erasure_id, each.rows, each.answers + 1)
    return True


def _entry(erased: ErasedColumns) -> Entry:
    return Entry(erased.erasure_id, erased.erased_at, tuple(erased.marks))


async def replay(database: Database, forgetting: Forgetting, ledger: Ledger) -> int:
    """
    Erase again whom a restored backup has brought back; return how many they were.

    A ledger that lacks what the database knows, because a crash came between the two, is
    completed first. LedgerError when it cannot be read: then nothing may be served.
    """
    entries = await asyncio.to_thread(ledger.read)
    told = {mark for entry in entries for mark in entry.marks}
    tombstone, erased = database.tables.tombstone, database.tables.erased
    async with database.read() as session:
        known = set((await session.exec(select(tombstone.mark))).all())
        rows = (await session.exec(select(erased))).all()
    await asyncio.to_thread(
        ledger.append, [_entry(row) for row in rows if not told.issuperset(row.marks)]
    )
    missing = told - known
    if not missing:
        return 0
    async with database.write() as session:
        again = await _erase_again(session, forgetting, missing)
    await database.scrub()
    log.warning("ledger_replayed", service=database.tables.source, marks=len(missing), again=again)
    return again


async def _erase_again(session: AsyncSession, forgetting: Forgetting, missing: set[str]) -> int:
    await take_turns(session, tombstones.ERASING)
    again = 0
    for subject in await _everybody(session, forgetting):
        if tombstones.mark(session, tombstones.SUBJECT, str(subject)) in missing:
            if forgetting.came_back:
                await forgetting.came_back(session, subject)
            else:
                await tombstones.erect(session, await _marks(session, forgetting, subject))
                await forget(session, forgetting, subject)
            again += 1
    await tombstones.erect(session, missing)
    return again


async def _everybody(session: AsyncSession, forgetting: Forgetting) -> set[UUID]:
    found: set[UUID] = set()
    for column, _fate in forgetting.columns():
        values = await session.exec(select(column).where(column.is_not(None)).distinct())
        found |= {UUID(str(value)) for value in values.all()}
    return found
