"""What can be done with the accounts of people. Callers own the transaction."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pyotp
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto
from chassis.clock import now
from chassis.issuer import Revocations
from chassis.problems import Problem, not_found
from chassis.rows import insert_new
from gateway.identity.assignments import service as assignments
from gateway.identity.clients.service import hash_of, new_secret
from gateway.identity.organisations import service as organisations
from gateway.identity.revocations import service as ends
from gateway.identity.sessions.models import StaffSession
from gateway.identity.staff import rules
from gateway.identity.staff.models import Staff, StaffIn, StaffOut

INVITED_FOR = timedelta(hours=72)
TABLE, COLUMN = "staff", "code_secret"


async def invite(session: AsyncSession, form: StaffIn) -> tuple[Staff, str]:
    """Make an account that its owner opens with an invitation; nobody else ever has a password."""
    await organisations.refuse_unknown(session, form.organisation)
    invitation = new_secret()
    staff = Staff(
        **form.model_dump(),
        subject=f"user-{secrets.token_hex(16)}",
        invitation_hash=hash_of(invitation),
        invitation_until=now() + INVITED_FOR,
    )
    if not await insert_new(session, staff):
        raise Problem(409, "name-taken", "Somebody logs in with this name; choose another.")
    audit.note(session, audit.asker(), "create", "staff", staff.subject)
    return staff, invitation


async def invite_again(
    session: AsyncSession, revocations: Revocations, staff_id: UUID, caller: str
) -> tuple[Staff, str]:
    """
    Let somebody set password and second factor anew, who lost one of them.

    Whoever holds the invitation becomes that person. So the old password and all sessions end,
    and what a second person had to approve has to be approved again.
    """
    staff = await _open(session, staff_id, caller)
    invitation = new_secret()
    staff.invitation_hash = hash_of(invitation)
    staff.invitation_until = now() + INVITED_FOR
    staff.password_hash = staff.code_secret = None
    session.add(staff)
    audit.note(session, audit.asker(), "invite", "staff", staff.subject)
    await assignments.await_approval(session, staff.subject)
    await _end_sessions(session, revocations, staff.subject, "invited again")
    return staff, invitation


async def close(
    session: AsyncSession, revocations: Revocations, staff_id: UUID, caller: str
) -> None:
    """Close an account for good; its name stays taken, so that old records keep their meaning."""
    staff = await _open(session, staff_id, caller)
    staff.closed_at = now()
    staff.password_hash = staff.code_secret = staff.invitation_hash = None
    session.add(staff)
    audit.note(session, audit.asker(), "close", "staff", staff.subject)
    await assignments.hold(session, staff.subject, alone=True)
    await _end_sessions(session, revocations, staff.subject, "account closed")


async def _end_sessions(
    session: AsyncSession, revocations: Revocations, holder: str, because: str
) -> None:
    statement = (
        select(StaffSession)
        .where(col(StaffSession.holder) == holder)
        .where(col(StaffSession.ended_at).is_(None))
    )
    for begun in (await session.exec(statement)).all():
        begun.ended_at, begun.ended_because = now(), because
        session.add(begun)
    await ends.end(session, revocations, holder)


async def _open(session: AsyncSession, staff_id: UUID, caller: str) -> Staff:
    staff = await session.get(Staff, staff_id, with_for_update=True)
    if staff is None:
        raise not_found("account")
    if staff.subject == caller:
        raise Problem(403, "own-rights", "Another person must decide about your own account.")
    if staff.closed_at:
        raise Problem(409, "account-closed", "The account was closed; make another one.")
    return staff


async def enrol(session: AsyncSession, invitation: str) -> tuple[Staff, str]:
    """Give the invited person a new secret for their one-time codes."""
    staff = await _invited(session, invitation)
    secret = pyotp.random_base32()
    keys = await crypto.subject_keys(session, [staff.subject], create=True)
    staff.code_secret = keys[staff.subject].seal(TABLE, COLUMN, secret)
    staff.code_used = 0
    session.add(staff)
    return staff, secret


async def activate(session: AsyncSession, invitation: str, password_hash: str, code: str) -> Staff:
    """Open the account: password set, second factor proved, the invitation used up."""
    staff = await _invited(session, invitation)
    secret = await code_secret(session, staff)
    step = rules.step_of(code, secret, staff.code_used, now()) if secret else None
    if step is None:
        raise Problem(
            409,
            "code-wrong",
            "The one-time code is not the one of the secret that you were given last.",
        )
    staff.password_hash = password_hash
    staff.code_used = step
    staff.invitation_hash = staff.invitation_until = staff.locked_until = None
    staff.failures = 0
    session.add(staff)
    by = audit.Actor(staff.subject, staff.organisation)
    audit.note(session, by, "activate", "staff", staff.subject)
    return staff


async def invited_name(session: AsyncSession, invitation: str) -> str:
    return (await _invited(session, invitation)).name


async def _invited(session: AsyncSession, invitation: str) -> Staff:
    statement = select(Staff).where(col(Staff.invitation_hash) == hash_of(invitation))
    staff = (await session.exec(statement.with_for_update())).one_or_none()
    if staff is None or not staff.invitation_until or staff.invitation_until < now():
        raise Problem(
            401,
            "invitation-invalid",
            "The invitation is not known, was used, or is older than 72 hours.",
        )
    return staff


async def code_secret(session: AsyncSession, staff: Staff) -> str | None:
    if staff.code_secret is None:
        return None
    keys = await crypto.subject_keys(session, [staff.subject])
    return keys[staff.subject].open(TABLE, COLUMN, staff.code_secret)


async def by_name(session: AsyncSession, name: str) -> Staff | None:
    statement = select(Staff).where(col(Staff.name) == name)
    return (await session.exec(statement)).one_or_none()


async def by_subject(session: AsyncSession, subject: str) -> Staff | None:
    statement = select(Staff).where(col(Staff.subject) == subject)
    return (await session.exec(statement.with_for_update())).one_or_none()


async def find(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Staff]:
    statement = select(Staff).order_by(col(Staff.id)).limit(limit)
    if after:
        statement = statement.where(col(Staff.id) > after)
    return (await session.exec(statement)).all()


def shown(staff: Staff) -> StaffOut:
    return StaffOut(**staff.model_dump(), state=rules.state_of(staff))
