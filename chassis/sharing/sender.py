"""Sends what waits, one share a transaction, as long as it is sure who has withdrawn."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from chassis.background import LEFT, Background, every
from chassis.clock import now
from chassis.db import Database
from chassis.sharing import rules
from chassis.sharing.service import Sharing

POLL_SECONDS = 2.0
BATCH = 100


def sender(sharing: Sharing) -> Background:
    """Return what sends a service's shares from its start on."""

    async def run(database: Database, stopping: asyncio.Event) -> None:
        started = now()

        async def send_shares(database: Database) -> object:
            if not await _is_any_queued(sharing, database):
                return None
            await send_waiting(sharing, database, started)
            return LEFT

        await every(POLL_SECONDS, send_shares, of_news=True)(database, stopping)

    return run


async def send_waiting(sharing: Sharing, database: Database, started: datetime) -> int:
    """Send or refuse what waits, and return how much that was; nothing, while it is not sure."""
    settled = 0
    for share_id in await _waiting(sharing, database, started):
        async with database.write() as session:
            settled += await sharing.send(session, share_id, started)
    return settled


async def _is_any_queued(sharing: Sharing, database: Database) -> bool:
    share = sharing.tables.share
    async with database.glance() as session:
        found = await session.exec(select(share.id).where(col(share.state) == "queued").limit(1))
        return found.first() is not None


async def _waiting(sharing: Sharing, database: Database, started: datetime) -> Sequence[UUID]:
    # Looking first keeps idle turns from SQLite's one write lock; what counts is asked in `send`.
    async with database.glance() as session:
        if not rules.is_sure(await sharing.told_until(session), now(), started):
            return []
        share = sharing.tables.share
        wanted = select(share.id).where(col(share.state) == "queued").order_by(col(share.id))
        return (await session.exec(wanted.limit(BATCH))).all()
