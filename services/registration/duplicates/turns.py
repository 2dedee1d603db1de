"""The turn to look for doubles: of two who look at once neither would see what the other found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, true
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.db import Database
from chassis.turns import try_turn
from chassis.worker import Work

TURN = "looking for doubles"
MOST_PATIENCE = 5.0
"""Seconds that a step waits for a moment in which no answer and no entitlement waits for it."""
WAIT_SECONDS = 0.01
MOST_HELD = "300000"
"""Milliseconds after which PostgreSQL takes a turn from whoever is stuck."""


@asynccontextmanager
async def turn(database: Database) -> AsyncIterator[AsyncSession | None]:
    """Take the turn, which is held by the session until the end, or say at once that it is not."""
    async with database.write() as session:
        taken = await try_turn(session, TURN)
        if taken and not database.is_sqlite:
            # Whoever has the turn holds it without a statement for as long as comparing takes.
            patient = func.set_config("idle_in_transaction_session_timeout", MOST_HELD, true())
            await session.exec(select(patient))
        yield session if taken else None


async def hold(session: AsyncSession) -> None:
    """Keep the turn: for work that may take longer than it is left to whoever is stuck."""
    if session.get_bind().dialect.name == "postgresql":
        await session.exec(select(true()))


@asynccontextmanager
async def own_turn(work: Work) -> AsyncIterator[None]:
    """Wait for the turn, and take it; it may be long, and the job stays in hand."""
    while True:
        async with turn(work.database) as taken:
            if taken:
                yield
                return
        await work.hold()
        await asyncio.sleep(WAIT_SECONDS)
