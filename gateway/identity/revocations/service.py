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

KEPT_FOR = timedelta(seconds=LIFETIME_SECONDS + 2 * LEEWAY)


async def end(session: AsyncSession, revocations: Revocations, name: str) -> None:
    """
    End all tokens that a session or a caller holds now.

    Here it bites at once, should the transaction fail for a moment too long; in every other
    process when it next fetches the list.
    """
    moment = now()
    await session.exec(delete(Revocation).where(col(Revocation.forget_at) < moment))
    await put(session, Revocation(name=name, before=moment, forget_at=moment + KEPT_FOR))
    revocations.note(name, moment.timestamp())


async def ended(database: Database) -> dict[str, float]:
    """Return the list that verifiers follow: session or caller -> instant; the frozen are in it."""
    statement = select(Revocation).where(col(Revocation.forget_at) >= now())
    async with database.read() as session:
        found = (await session.exec(statement)).all()
        frozen = await freezes.frozen(session)
    ended = {each.name: each.before.timestamp() for each in found}
    return ended | dict.fromkeys(frozen, freezes.UNTIL_RELEASED.timestamp())
