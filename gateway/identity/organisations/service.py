"""What can be done with organisations and their agreements. Callers own the transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.clock import now
from chassis.issuer import Revocations
from chassis.problems import Problem, not_found, wrong
from chassis.rows import insert_new
from chassis.turns import take_turns
from gateway.identity.assignments.models import Assignment
from gateway.identity.organisations.models import (
    AgreementIn,
    AgreementOut,
    Organisation,
    OrganisationIn,
    SharingAgreement,
)
from gateway.identity.revocations import service as ends


async def add(session: AsyncSession, form: OrganisationIn) -> Organisation:
    organisation = Organisation(**form.model_dump())
    if not await insert_new(session, organisation):
        raise Problem(409, "name-taken", "An organisation has this code; choose another.")
    audit.note(session, audit.asker(), "create", "organisation", organisation.code)
    return organisation


async def ensure(session: AsyncSession, code: str) -> None:
    """Know an organisation by its code alone, until somebody names it."""
    await insert_new(session, Organisation(code=code, name=code))


async def refuse_unknown(session: AsyncSession, *codes: str) -> None:
    statement = select(Organisation.code).where(col(Organisation.code).in_(codes))
    if set((await session.exec(statement)).all()) != set(codes):
        raise wrong("/organisation", "unknown", "Name an organisation that is there.")


async def find(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Organisation]:
    statement = select(Organisation).order_by(col(Organisation.id)).limit(limit)
    if after:
        statement = statement.where(col(Organisation.id) > after)
    return (await session.exec(statement)).all()


async def agree(session: AsyncSession, form: AgreementIn, asked_by: str) -> SharingAgreement:
    """Ask for an agreement, which another person approves before it opens anything."""
    await refuse_unknown(session, form.giver, form.reader)
    if form.giver == form.reader or form.until <= now():
        pointer = "/until" if form.giver != form.reader else "/reader"
        detail = "Two organisations share until an instant that is still to come."
        raise wrong(pointer, "nothing_shared", detail)
    agreement = SharingAgreement(**form.model_dump(), asked_by=asked_by)
    session.add(agreement)
    audit.note(session, audit.asker(), "create", "agreement", agreement.id)
    return agreement


async def approve(
    session: AsyncSession, revocations: Revocations, agreement_id: UUID, approver: str
) -> SharingAgreement:
    agreement = await _waiting_or_in_force(session, agreement_id)
    if approver == agreement.asked_by:
        raise Problem(403, "own-rights", "Another person must approve what you have asked for.")
    if agreement.approved_at is None:
        agreement.approved_by, agreement.approved_at = approver, now()
        session.add(agreement)
        audit.note(session, audit.asker(), "approve", "agreement", agreement.id)
        await _tell_readers(session, revocations, agreement.reader)
    return agreement


async def end(
    session: AsyncSession, revocations: Revocations, agreement_id: UUID, ended_by: str
) -> None:
    """End an agreement: what it opened is closed within a minute everywhere."""
    agreement = await _waiting_or_in_force(session, agreement_id)
    agreement.ended_by, agreement.ended_at = ended_by, now()
    session.add(agreement)
    audit.note(session, audit.asker(), "end", "agreement", agreement.id)
    await _tell_readers(session, revocations, agreement.reader)


async def _waiting_or_in_force(session: AsyncSession, agreement_id: UUID) -> SharingAgreement:
    agreement = await session.get(SharingAgreement, agreement_id, with_for_update=True)
    if agreement is None or agreement.ended_at:
        raise not_found("agreement")
    return agreement


async def hold(session: AsyncSession, reader: str, *, alone: bool) -> None:
    await take_turns(session, f"agreements {reader}", shared=not alone)


async def _tell_readers(session: AsyncSession, revocations: Revocations, reader: str) -> None:
    """Void the tokens of everybody who holds a role for the organisation; the next say it anew."""
    await hold(session, reader, alone=True)
    statement = select(Assignment.holder).where(col(Assignment.organisation) == reader).distinct()
    for holder in (await session.exec(statement)).all():
        await ends.end(session, revocations, holder)


async def find_agreements(
    session: AsyncSession, after: UUID | None, limit: int
) -> Sequence[SharingAgreement]:
    statement = select(SharingAgreement).order_by(col(SharingAgreement.id)).limit(limit)
    if after:
        statement = statement.where(col(SharingAgreement.id) > after)
    return (await session.exec(statement)).all()


async def claims(session: AsyncSession, reader: str) -> list[dict[str, Any]]:
    """Return the agreements that are in force for an organisation, as a token says them."""
    await hold(session, reader, alone=False)
    statement = (
        select(SharingAgreement)
        .where(col(SharingAgreement.reader) == reader)
        .where(col(SharingAgreement.approved_at).is_not(None))
        .where(col(SharingAgreement.ended_at).is_(None))
        .where(col(SharingAgreement.until) > now())
        .order_by(col(SharingAgreement.id))
    )
    return [
        {
            "id": str(each.id),
            "organisation": each.giver,
            "places": each.places,
            "until": each.until.timestamp(),
        }
        for each in (await session.exec(statement)).all()
    ]


def shown(agreement: SharingAgreement) -> AgreementOut:
    over = agreement.ended_at or agreement.until <= now()
    state = "ended" if over else "in force" if agreement.approved_at else "waiting"
    return AgreementOut.model_validate({**agreement.model_dump(), "state": state})
