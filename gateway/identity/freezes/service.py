"""Which accounts are frozen. Callers own the transaction."""

from datetime import UTC, datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import Problem
from chassis.scoping import Clause
from gateway.identity.freezes.models import Freeze

UNTIL_RELEASED = datetime(3000, 1, 1, tzinfo=UTC)
"""Tokens up to then are void: those of another issuer too, which this gateway never sees made."""


def _is_frozen() -> Clause:
    released = col(Freeze.released_at)
    return col(Freeze.frozen_at).is_not(None) & (
        released.is_(None) | (released < col(Freeze.frozen_at))
    )


async def frozen(session: AsyncSession) -> list[str]:
    return list((await session.exec(select(Freeze.account).where(_is_frozen()))).all())


async def refuse_frozen(session: AsyncSession, account: str) -> None:
    """Raise 403 for an account that is frozen: a token would be void, and it shall know why."""
    statement = select(Freeze.account).where(col(Freeze.account) == account, _is_frozen())
    if (await session.exec(statement)).first():
        detail = "The account is frozen until a data-protection officer has looked at it."
        raise Problem(403, "account-frozen", detail)
