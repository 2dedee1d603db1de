"""Says every few seconds up to when all changes of consents were told: silence is no consent."""

from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.clock import now
from chassis.db import Database
from chassis.rows import insert_new
from contracts.registration import ConsentChanged, ConsentsTold
from services.registration.consents.models import ConsentClock
from services.registration.tables import TABLES

INTERVAL = timedelta(seconds=20)
SUBJECT = "consents"


async def say(database: Database) -> None:
    """Say it when it is due; of several processes that have the same database one does."""
    async with database.read() as session:
        # Looking first keeps idle turns from SQLite's one write lock.
        clock = await session.get(ConsentClock, 1)
        if clock and clock.said_at > now() - INTERVAL:
            return
    async with database.write() as session:
        sequence = await _turn(session)
        if sequence:
            event = ConsentsTold(until=await _told_until(session))
            outbox.publish(session, event, subject=SUBJECT, sequence=sequence)


async def _turn(session: AsyncSession) -> int | None:
    if await insert_new(session, ConsentClock()):
        return 1
    said = await session.exec(
        update(ConsentClock)
        .where(col(ConsentClock.said_at) <= now() - INTERVAL)
        .values(said_at=now(), sequence=col(ConsentClock.sequence) + 1)
        .returning(col(ConsentClock.sequence))
    )
    return said.scalar_one_or_none()


async def _told_until(session: AsyncSession) -> datetime:
    """Return now, or when the oldest change was made that still waits in the outbox."""
    # The clock is read first: what is committed after that is not claimed to have been told.
    before = now()
    waiting = select(func.min(TABLES.outbox.created_at)).where(
        col(TABLES.outbox.sent_at).is_(None), col(TABLES.outbox.type) == ConsentChanged.type
    )
    oldest = (await session.exec(waiting)).one()
    return min(oldest, before) if oldest else before
