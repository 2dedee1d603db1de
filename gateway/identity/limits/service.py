"""Counting tries in the database, where all processes of the gateway see them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.clock import now
from gateway.identity.limits.models import Tally


@dataclass(frozen=True)
class Limit:
    """At most so many within so many seconds, which begin with the first."""

    kind: str
    most: int
    seconds: int


@dataclass(frozen=True)
class Spent:
    """How many tries of a window are counted, and when it ends."""

    tries: int
    ends_at: datetime


async def count(session: AsyncSession, limit: Limit, who: str, tries: int = 1) -> Spent:
    """Add tries to the window that is open, or open the next one; return what it holds then."""
    moment = now()
    values = {
        "name": _name(session, limit, who),
        "tries": tries,
        "ends_at": moment + timedelta(seconds=limit.seconds),
    }
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    new = insert(Tally).values(**values)
    over = col(Tally.ends_at) <= moment
    statement = new.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "tries": case((over, new.excluded.tries), else_=col(Tally.tries) + new.excluded.tries),
            "ends_at": case((over, new.excluded.ends_at), else_=col(Tally.ends_at)),
        },
    ).returning(col(Tally.tries), col(Tally.ends_at))
    spent = (await session.exec(statement)).one()
    return Spent(spent.tries, spent.ends_at)


async def give_back(session: AsyncSession, limit: Limit, who: str, tries: int = 1) -> None:
    """Take tries out of the window that is open, if it still is."""
    await session.exec(
        update(Tally)
        .where(col(Tally.name) == _name(session, limit, who), col(Tally.ends_at) > now())
        .values(tries=case((col(Tally.tries) > tries, col(Tally.tries) - tries), else_=0))
    )


async def forget(session: AsyncSession) -> None:
    """Drop the windows that are over."""
    await session.exec(delete(Tally).where(col(Tally.ends_at) <= now()))


def _name(session: AsyncSession, limit: Limit, who: str) -> str:
    return crypto.keyed_hash(session, f"tally.{limit.kind}", who)
