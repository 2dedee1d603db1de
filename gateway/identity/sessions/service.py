"""What can be done with sessions. Callers own the transaction."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.clock import now
from chassis.issuer import Revocations
from gateway.identity.assignments import service as assignments
from gateway.identity.clients.service import hash_of, new_secret
from gateway.identity.keys.signer import AUDIENCES
from gateway.identity.revocations import service as ends
from gateway.identity.sessions.models import RefreshToken, StaffSession
from gateway.identity.staff import rules
from gateway.identity.staff import service as people
from gateway.identity.staff.models import Staff
from gateway.identity.tokens import service as tokens

LASTS = timedelta(hours=12)
IDLE = timedelta(hours=1)
"""How long a refresh token waits to be used."""


async def prove(session: AsyncSession, staff: Staff, *, password: bool, code: str) -> bool:
    """
    Say whether both factors are right, and count it if not; too many make the account rest.

    Nothing tells a wrong password, a wrong or repeated code and a locked account apart.
    """
    moment = now()
    await session.refresh(staff, with_for_update=True)
    locked = staff.locked_until is not None and staff.locked_until > moment
    secret = await people.code_secret(session, staff)
    step = rules.step_of(code, secret, staff.code_used, moment) if secret else None
    if password and step is not None and not locked and not staff.closed_at:
        staff.code_used, staff.failures, staff.locked_until = step, 0, None
        session.add(staff)
        return True
    if not locked:
        staff.failures += 1
        lock = rules.lock_after(staff.failures)
        staff.locked_until = moment + lock if lock else None
        session.add(staff)
        if lock:
            # Each rest is twice as long as the one before, so these are few.
            reason = f"{staff.failures} failures in a row: rests for {lock.total_seconds():.0f} s"
            by = audit.Actor(staff.subject, staff.organisation)
            audit.note(session, by, "lock", "staff", staff.subject, reason=reason)
    return False


async def begin(
    session: AsyncSession, staff: Staff, organisation: str | None
) -> tuple[StaffSession, str] | None:
    """Begin a session for an organisation in which the person holds a role, or for their own."""
    wanted = organisation or staff.organisation
    if wanted != staff.organisation and not await assignments.in_force(
        session, staff.subject, wanted
    ):
        return None
    begun = StaffSession(
        holder=staff.subject, organisation=wanted, methods=["pwd", "otp"], until=now() + LASTS
    )
    session.add(begun)
    await session.flush()
    return begun, _refresh_token(session, begun)


def _refresh_token(session: AsyncSession, begun: StaffSession) -> str:
    secret = new_secret()
    until = min(begun.until, now() + IDLE)
    session.add(RefreshToken(secret_hash=hash_of(secret), session_id=begun.id, until=until))
    return secret


async def renew(
    session: AsyncSession, revocations: Revocations, refresh_token: str
) -> tuple[StaffSession, str] | None:
    """
    Give a session its next refresh token; none when it is over.

    A refresh token that comes a second time has been copied. Nobody can tell which of the two is
    the owner, so both are out.
    """
    statement = select(RefreshToken).where(col(RefreshToken.secret_hash) == hash_of(refresh_token))
    sent = (await session.exec(statement.with_for_update())).one_or_none()
    if sent is None:
        return None
    begun = await session.get(StaffSession, sent.session_id, with_for_update=True)
    if begun is None or begun.ended_at:
        return None
    moment = now()
    if sent.used_at:
        await _end(session, revocations, begun, "a refresh token came twice")
        return None
    staff = await people.by_subject(session, begun.holder)
    if sent.until <= moment or staff is None or not staff.password_hash:
        return None
    sent.used_at = moment
    session.add(sent)
    return begun, _refresh_token(session, begun)


async def of_caller(session: AsyncSession, session_id: str) -> StaffSession | None:
    """Return the session of a person's token; a client's has none."""
    try:
        found = await session.get(StaffSession, UUID(session_id), with_for_update=True)
    except ValueError:
        return None
    return found if found and not found.ended_at else None


async def end(session: AsyncSession, revocations: Revocations, session_id: str) -> None:
    """End a session: no renewal, and its tokens count no more."""
    begun = await of_caller(session, session_id)
    if begun:
        await _end(session, revocations, begun, "logged out")
    else:
        await ends.end_session(session, revocations, session_id)


async def _end(
    session: AsyncSession, revocations: Revocations, begun: StaffSession, because: str
) -> None:
    begun.ended_at, begun.ended_because = now(), because
    session.add(begun)
    await ends.end_session(session, revocations, str(begun.id))


async def claims(session: AsyncSession, begun: StaffSession) -> dict[str, Any]:
    """Return what a token of the session says at this moment."""
    return await tokens.rights(session, begun.holder, begun.organisation) | {
        "aud": list(AUDIENCES),
        "sid": str(begun.id),
        "amr": begun.methods,
        "auth_time": int(begun.authenticated_at.timestamp()),
    }


async def forget(session: AsyncSession) -> None:
    """Drop the refresh tokens of sessions that are over by the clock."""
    await session.exec(delete(RefreshToken).where(col(RefreshToken.until) < now() - LASTS))
