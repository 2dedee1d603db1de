"""What can be done with referrals to services. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chassis import audit, merged, outbox
from chassis.authz import Access
from chassis.caller import Caller
from chassis.clock import now, today
from chassis.problems import Problem, not_found, wrong
from chassis.scoping import Clause, Scoping
from contracts.registration import ServiceReferralChanged
from services.registration.persons import service as persons
from services.registration.persons.models import SCOPING as PERSONS
from services.registration.persons.models import Person
from services.registration.servicereferrals import permission, rules
from services.registration.servicereferrals.models import (
    RECEIVED,
    AboutOut,
    AnswerIn,
    ClosureIn,
    ReceivedReferralOut,
    ServiceReferral,
    ServiceReferralIn,
    ServiceReferralOut,
)

RESOURCE = "service_referral"


async def send(
    session: AsyncSession, person_id: UUID, form: ServiceReferralIn, access: Access
) -> ServiceReferral:
    """
    Ask a service to help a person.

    403 `purpose-not-allowed` when the recipient may not know of them. The person is locked: whoever
    takes a consent back at the same time stops this, or it is refused.
    """
    person = await persons.get_to_add_to(session, person_id, access, lock=True)
    if not rules.can_be_asked(form.recipient):
        detail = "Nobody is referred to this recipient."
        raise wrong("/recipient", "unknown_purpose", detail)
    await permission.refuse_without(session, person, form.recipient)
    referral = ServiceReferral(
        **form.model_dump(exclude={"due_on", "place_pcode"}),
        person_id=person.id,
        organisation=person.organisation,
        receiver=rules.receiver(form.recipient, person.organisation),
        place_pcode=form.place_pcode or person.location_pcode,
        due_on=form.due_on or rules.due(form.urgency, today()),
        sent_by=access.caller.id,
    )
    session.add(referral)
    audit.note(session, access.caller, "create", RESOURCE, [person.id, referral.id])
    _tell(session, referral)
    return referral


async def of_person(
    session: AsyncSession, person_id: UUID, access: Access, *, after: UUID | None, limit: int
) -> Sequence[ServiceReferral]:
    """Return the referrals of a person by each of their registrations that the caller may see."""
    await persons.get(session, person_id, access)
    theirs = await merged.registrations_here(session, Person, person_id)
    audit.read(RESOURCE, person_id)
    of_them = col(ServiceReferral.person_id).in_(theirs)
    return await find(session, access, of_them, after=after, limit=limit)


async def find(
    session: AsyncSession,
    access: Access,
    *conditions: Clause,
    after: UUID | None,
    limit: int,
) -> Sequence[ServiceReferral]:
    """Return the referrals of the caller's people, the oldest first."""
    audit.looking()
    statement = _reached(access, PERSONS).where(*conditions)
    if after:
        statement = statement.where(col(ServiceReferral.id) > after)
    found = (await session.exec(statement.order_by(col(ServiceReferral.id)).limit(limit))).all()
    audit.read(RESOURCE, [each.person_id for each in found])
    return found


def narrowed(
    *, status: rules.Status | None, kind: rules.Kind | None, overdue: bool | None
) -> list[Clause]:
    """Return what a list is narrowed to; overdue is what is open after its day."""
    found: list[Clause] = []
    if status:
        found.append(col(ServiceReferral.status) == status)
    if kind:
        found.append(col(ServiceReferral.kind) == kind)
    if overdue is not None:
        open_ = col(ServiceReferral.status).in_(sorted(rules.OPEN))
        late = open_ & (col(ServiceReferral.due_on) < today())
        found.append(late if overdue else ~late)
    return found


async def get(session: AsyncSession, referral_id: UUID, access: Access) -> ServiceReferral:
    wanted = _reached(access, PERSONS).where(col(ServiceReferral.id) == referral_id)
    referral = (await session.exec(wanted)).one_or_none()
    if referral is None:
        raise not_found("referral")
    audit.read(RESOURCE, referral.person_id)
    return referral


async def received(
    session: AsyncSession,
    access: Access,
    *conditions: Clause,
    after: UUID | None = None,
    limit: int = 1,
) -> Sequence[ReceivedReferralOut]:
    """Return the referrals to the caller's organisation, and of whom it may know of the person."""
    audit.looking()
    statement = (
        select(ServiceReferral, col(Person.case_number), permission.permitted().label("permitted"))
        .join(Person, col(Person.id) == col(ServiceReferral.person_id))
        .where(access.rows(RECEIVED), *conditions)
    )
    if after:
        statement = statement.where(col(ServiceReferral.id) > after)
    found = (await session.exec(statement.order_by(col(ServiceReferral.id)).limit(limit))).all()
    return [
        _as_received(referral, case_number, bool(permitted))
        for referral, case_number, permitted in found
    ]


def _as_received(
    referral: ServiceReferral, case_number: str, permitted: bool
) -> ReceivedReferralOut:
    about = None
    if permitted and referral.status not in {"withdrawn", "stopped"}:
        about = AboutOut.model_validate(referral.model_dump() | {"case_number": case_number})
    audit.read("received_referral", referral.person_id, fields=["case_number"] if about else [])
    values = referral.model_dump() | {"about": about, "overdue": _is_overdue(referral)}
    return ReceivedReferralOut.model_validate(values)


async def get_received(
    session: AsyncSession, referral_id: UUID, access: Access
) -> ReceivedReferralOut:
    found = await received(session, access, col(ServiceReferral.id) == referral_id)
    if not found:
        raise not_found("referral")
    return found[0]


async def answer(
    session: AsyncSession, referral_id: UUID, form: AnswerIn, access: Access, side: Scoping
) -> ServiceReferral:
    """Accept or reject a referral, once; of two who do so at once the second is answered 409."""
    referral = await _lock(session, referral_id, access, side)
    status: rules.Status = "accepted" if form.accepted else "rejected"
    _refuse_out_of_order(referral, status)
    if form.accepted:
        person = await session.get_one(Person, referral.person_id)
        await permission.refuse_without(session, person, referral.recipient)
    referral.answered_by, referral.answered_at = access.caller.id, now()
    referral.rejected_because = form.reason
    _become(session, referral, status, access.caller)
    return referral


async def close(
    session: AsyncSession, referral_id: UUID, form: ClosureIn, access: Access, side: Scoping
) -> ServiceReferral:
    """Close an accepted referral with what came of it."""
    referral = await _lock(session, referral_id, access, side)
    _refuse_out_of_order(referral, "closed")
    referral.outcome = form.outcome
    _end(session, referral, "closed", access.caller)
    return referral


async def withdraw(session: AsyncSession, referral_id: UUID, access: Access) -> ServiceReferral:
    """Take a referral back that nobody has ended."""
    referral = await _lock(session, referral_id, access, PERSONS)
    _refuse_out_of_order(referral, "withdrawn")
    _end(session, referral, "withdrawn", access.caller)
    return referral


async def stop(
    session: AsyncSession, person_id: UUID, recipient: str, purpose: str, by: audit.Actor
) -> None:
    """Stop what is open with a recipient to whom the person has said no."""
    if purpose != rules.PURPOSE:
        return
    statement = select(ServiceReferral).where(
        col(ServiceReferral.person_id) == person_id,
        col(ServiceReferral.recipient) == recipient,
        col(ServiceReferral.status).in_(sorted(rules.OPEN)),
    )
    for referral in (await session.exec(statement.with_for_update())).all():
        _end(session, referral, "stopped", by)


async def _lock(
    session: AsyncSession, referral_id: UUID, access: Access, side: Scoping
) -> ServiceReferral:
    statement = _reached(access, side).where(col(ServiceReferral.id) == referral_id)
    found = await session.exec(statement.with_for_update(of=ServiceReferral))
    referral = found.one_or_none()
    if referral is None:
        raise not_found("referral")
    return referral


def _reached(access: Access, side: Scoping) -> SelectOfScalar[ServiceReferral]:
    return (
        select(ServiceReferral)
        .join(Person, col(Person.id) == col(ServiceReferral.person_id))
        .where(access.rows(side))
    )


def _refuse_out_of_order(referral: ServiceReferral, wanted: rules.Status) -> None:
    if not rules.may_become(referral.status, wanted):
        detail = f"The referral is {referral.status}, and cannot be {wanted} any more."
        raise Problem(409, "out-of-order", detail)


def _end(
    session: AsyncSession, referral: ServiceReferral, status: rules.Status, by: Caller | audit.Actor
) -> None:
    referral.ended_by, referral.ended_at = by.id, now()
    _become(session, referral, status, by)


def _become(
    session: AsyncSession, referral: ServiceReferral, status: rules.Status, by: Caller | audit.Actor
) -> None:
    referral.status = status
    referral.version += 1
    session.add(referral)
    audit.note(session, by, status, RESOURCE, [referral.person_id, referral.id])
    _tell(session, referral)


def _tell(session: AsyncSession, referral: ServiceReferral) -> None:
    event = ServiceReferralChanged(
        referral_id=referral.id,
        person_id=referral.person_id,
        status=referral.status,
        version=referral.version,
    )
    outbox.publish(session, event, subject=str(referral.id), sequence=referral.version)


def shown(referral: ServiceReferral) -> ServiceReferralOut:
    values = referral.model_dump() | {"overdue": _is_overdue(referral)}
    return ServiceReferralOut.model_validate(values)


def _is_overdue(referral: ServiceReferral) -> bool:
    return referral.status in rules.OPEN and referral.due_on < today()
