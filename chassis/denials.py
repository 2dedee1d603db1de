"""
Tells which records accounts asked for in vain, to the service that watches over accounts.

It is read from the record, as the watch itself does (services/registration/honey): a request does
nothing for it. What somebody may see elsewhere is asked for in vain too, where a service does not
know of it or shows it to others; who hears of it knows whom it has shown to the account.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.audit.following import ids_of, last_seal, sealed_between
from chassis.background import Background, every
from chassis.db import Database
from chassis.rows import put
from chassis.turns import try_turn
from contracts.event import Event

SECONDS = 5.0
MOST_SEALS = 5000
MOST_TOLD = 50
"""Of one account at a time; whoever asked for more has asked for enough."""
HERE = "denials"


class DenialPositionColumns(SQLModel):
    """Up to which seal of the record it was told, and up to which it is told next."""

    name: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    following: int = Field(sa_type=BigInteger)


class ReadsDenied(Protocol):
    """Makes a service's own event of it."""

    def __call__(self, *, account: str, records: list[UUID], denied_at: datetime) -> Event: ...


def telling(event: ReadsDenied, position: type[DenialPositionColumns]) -> Background:
    """Return what tells of denied reads by this event, as long as the service runs."""

    async def tell_of_denials(database: Database) -> None:
        async with database.glance() as session:
            # Looking first keeps an idle service from taking SQLite's one write lock.
            known = await session.get(position, HERE)
            head = await last_seal(session)
        if known and known.seq == known.following == head:
            return
        async with database.write() as session:
            if not await try_turn(session, HERE):
                return
            known = await session.get(position, HERE, populate_existing=True)
            # What was before the first look is nobody's news any more.
            at, following = (known.seq, known.following) if known else (head, head)
            # What was sealed since the last look is left for the next: by then whoever hears of
            # it has sealed what it showed in the same moment.
            until = min(following, at + MOST_SEALS)
            if until > at:
                refused = await sealed_between(session, at, until, decision="refused")
                await _tell(session, event, refused, until)
            await put(session, position(name=HERE, seq=until, following=head))

    return every(SECONDS, tell_of_denials, rung=False, of_news=True)


async def _tell(
    session: AsyncSession, event: ReadsDenied, refused: Sequence[Any], until: int
) -> None:
    denied: dict[str, list[Any]] = {}
    for entry in refused:
        if entry.action == "read" and entry.reason == "404":
            denied.setdefault(entry.actor, []).append(entry)
    for account, entries in denied.items():
        records = list(dict.fromkeys(await ids_of(session, entries)))[:MOST_TOLD]
        if records:
            told = event(account=account, records=records, denied_at=entries[-1].at)
            outbox.publish(session, told, subject=account, sequence=until)
