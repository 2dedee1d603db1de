"""Turns that transactions take, where each would have to see what another has not committed yet."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import func, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.db import TURN, TURNS

ALL_TURNS = text(
    "select pg_advisory_xact_lock_shared(:shared), count(pg_advisory_xact_lock(each)) "
    "from unnest(cast(:alone as bigint[])) each"
)


async def take_turns(session: AsyncSession, turn: str, *, shared: bool = False) -> None:
    """
    Hold a turn until the transaction ends; several may share it, or one has it alone.

    For transactions that would each have to see what the other has not committed yet. SQLite's
    writers take turns anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        suffix = "_shared" if shared else ""
        await session.exec(select(getattr(func, f"pg_advisory_xact_lock{suffix}")(_number(turn))))
    else:
        # The one turn that SQLite's writers take is theirs from the transaction's beginning.
        await session.connection()


async def take_all_turns(session: AsyncSession, alone: Sequence[str], *, shared: str) -> None:
    """Hold several turns, of which one is shared, in one trip to PostgreSQL."""
    numbers = {"alone": sorted(map(_number, alone)), "shared": _number(shared)}
    await session.exec(ALL_TURNS, params=numbers)  # type: ignore[call-overload]  # It takes text.


async def try_turn(session: AsyncSession, turn: str) -> bool:
    """Take a turn alone until the transaction ends, or say at once that another one has it."""
    if session.get_bind().dialect.name == "postgresql":
        taken = await session.exec(select(func.pg_try_advisory_xact_lock(_number(turn))))
        return bool(taken.one())
    # SQLite belongs to one process. Its write lock must not be taken here: a request that waits
    # for news would keep the news from being written.
    turns: set[str] = session.info[TURNS]
    if turn in turns:
        return False
    turns.add(turn)
    session.info[TURN] = turn
    return True


def _number(turn: str) -> int:
    return int.from_bytes(hashlib.sha256(turn.encode()).digest()[:7])
