"""What can be done to end tokens before their time. Callers own the transaction."""

from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.auth import LEEWAY
from chassis.clock import now
from chassis.db import Database
from chassis.issuer import Revocations
from chassis.rows import put
from gateway.identity.freezes import service as freezes
from gateway.identity.keys.signer import LIFETIME_SECONDS
from gateway.identity.revocations.models import Revocation

TOKENS_LAST = timedelta(seconds=LIFETIME_SECONDS + 2 * LEEWAY)
WORK_LASTS = timedelta(days=7)
"""So long it may wait and go on what was asked for with a token: an import behind others, say."""


async def end(session: AsyncSession, revocations: Revocations, caller: str) -> None:
    """
    End all tokens that a caller holds now, and what goes on of what they asked for with them.

    Here it bites at once, should the transaction fail for a moment too long; in every other
    process when it next fetches the list.
    """
    await _end(session, revocations, caller, WORK_LASTS)


async def end_session(session: AsyncSession, revocations: Revocations, session_id: str) -> None:
    """End the tokens of a session, and nothing else of its holder's."""
    await _end(session, revocations, session_id, TOKENS_LAST)


async def _end(
    session: AsyncSession, revocations: Revocations, name: str, told_for: timedelta
) -> None:
    moment = now()
    await session.exec(delete(Revocation).where(col(Revocation.forget_at) < moment))
    await put(session, Revocation(name=name, before=moment, forget_at=moment + told_for))
    revocations.note(name, moment.timestamp())


async def ended(database: Database) -> dict[str, float]:
    """Return the list that verifiers follow: session or caller -> instant; the frozen are in it."""
    statement = select(Revocation).where(col(Revocation.forget_at) >= now())
    async with database.read() as session:
        found = (await session.exec(statement)).all()
        frozen = await freezes.frozen(session)
    ended = {each.name: each.before.timestamp() for each in found}
    return ended | dict.fromkeys(frozen, freezes.UNTIL_RELEASED.timestamp())
