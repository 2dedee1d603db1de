"""What can be done with agreements and exceptions. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.authz import Access
from chassis.clock import now, today
from chassis.problems import Fault, Problem, not_found, wrong
from contracts.registration import SharingAgreementChanged, SharingExceptionChanged
from contracts.sharing import LAW_ENFORCEMENT, possible
from services.registration.persons.models import Person
from services.registration.sharing.models import (
    AGREEMENT_SCOPING,
    EXCEPTION_SCOPING,
    Agreement,
    AgreementIn,
    ExceptionIn,
    ExceptionState,
    SharingException,
)


def check_possible(recipient: str, purpose: str) -> None:
    """403 for law enforcement, which nobody can agree to; 422 for what is no purpose of theirs."""
    if purpose == LAW_ENFORCEMENT:
        detail = "No record is given to law enforcement, with or without consent."
        fault = Fault(pointer="/purpose", code="never_allowed", detail=detail)
        raise Problem(403, "purpose-not-allowed", detail, errors=[fault])
    if not possible(recipient, purpose):
        detail = "This recipient has no such purpose."
        raise wrong("/purpose", "unknown_purpose", detail)


async def agree(session: AsyncSession, form: AgreementIn, access: Access) -> Agreement:
    for purpose in form.purposes:
        check_possible(form.recipient, purpose)
    agreement = Agreement(
        **form.model_dump(), organisation=access.caller.organisation, created_by=access.caller.id
    )
    session.add(agreement)
    audit.note(session, access.caller, "create", "sharing_agreement", agreement.id)
    _tell_agreement(session, agreement)
    return agreement


async def end_agreement(session: AsyncSession, agreement_id: UUID, access: Access) -> Agreement:
    """End an agreement yesterday, so that it is not in force any more; ended, it stays so."""
    wanted = select(Agreement).where(
        col(Agreement.id) == agreement_id, access.rows(AGREEMENT_SCOPING)
    )
    agreement = (await session.exec(wanted.with_for_update())).one_or_none()
    if agreement is None:
        raise not_found("agreement")
    yesterday = today().fromordinal(today().toordinal() - 1)
    if agreement.ends_on > yesterday:
        agreement.ends_on = yesterday
        agreement.version += 1
        session.add(agreement)
        audit.note(session, access.caller, "end", "sharing_agreement", agreement.id)
        _tell_agreement(session, agreement)
    return agreement


def _tell_agreement(session: AsyncSession, agreement: Agreement) -> None:
    event = SharingAgreementChanged(
        agreement_id=agreement.id,
        **agreement.model_dump(
            include={"organisation", "recipient", "purposes", "starts_on", "ends_on", "version"}
        ),
    )
    outbox.publish(session, event, subject=str(agreement.id), sequence=agreement.version)


async def find_agreements(
    session: AsyncSession, access: Access, after: UUID | None, limit: int
) -> Sequence[Agreement]:
    statement = select(Agreement).where(access.rows(AGREEMENT_SCOPING))
    if after:
        statement = statement.where(col(Agreement.id) > after)
    return (await session.exec(statement.order_by(col(Agreement.id)).limit(limit))).all()


async def ask(
    session: AsyncSession, person: Person, form: ExceptionIn, access: Access
) -> SharingException:
    """Ask that a record be shared without consent; nothing may be until a second person agrees."""
    check_possible(form.recipient, form.purpose)
    exception = SharingException(
        **form.model_dump(),
        person_id=person.id,
        organisation=person.organisation,
        asked_by=access.caller.id,
    )
    session.add(exception)
    subjects = [person.id, exception.id]
    audit.note(session, access.caller, "create", "sharing_exception", subjects)
    return exception


async def decide(
    session: AsyncSession, exception_id: UUID, access: Access, *, approved: bool
) -> SharingException:
    """Approve or reject what another person asked for, once."""
    wanted = select(SharingException).where(
        col(SharingException.id) == exception_id, access.rows(EXCEPTION_SCOPING)
    )
    exception = (await session.exec(wanted.with_for_update())).one_or_none()
    if exception is None:
        raise not_found("exception")
    if exception.asked_by == access.caller.id:
        detail = "Who asks for an exception does not decide on it; another person must."
        raise Problem(403, "second-person-needed", detail)
    if exception.state != "asked":
        raise Problem(409, "conflict", f"The exception is {exception.state} already.")
    exception.state = "approved" if approved else "rejected"
    exception.decided_by, exception.decided_at = access.caller.id, now()
    exception.version += 1
    session.add(exception)
    subjects = [exception.person_id, exception.id]
    audit.note(session, access.caller, exception.state, "sharing_exception", subjects)
    if approved:
        _tell_exception(session, exception)
    return exception


async def end_exceptions(
    session: AsyncSession, person_id: UUID, recipient: str, purpose: str
) -> None:
    """End what was allowed for somebody who could not be asked: they have answered no."""
    statement = select(SharingException).where(
        col(SharingException.person_id) == person_id,
        col(SharingException.recipient) == recipient,
        col(SharingException.purpose) == purpose,
        col(SharingException.state).in_(("asked", "approved")),
    )
    for exception in (await session.exec(statement.with_for_update())).all():
        was_told = exception.state == "approved"
        exception.state = "ended"
        exception.version += 1
        session.add(exception)
        if was_told:
            _tell_exception(session, exception)


def _tell_exception(session: AsyncSession, exception: SharingException) -> None:
    event = SharingExceptionChanged(
        exception_id=exception.id,
        **exception.model_dump(
            include={"person_id", "recipient", "purpose", "state", "ends_on", "version"}
        ),
    )
    outbox.publish(session, event, subject=str(exception.id), sequence=exception.version)


async def find_exceptions(
    session: AsyncSession,
    access: Access,
    *,
    state: ExceptionState | None,
    after: UUID | None,
    limit: int,
) -> Sequence[SharingException]:
    statement = select(SharingException).where(access.rows(EXCEPTION_SCOPING))
    if state:
        statement = statement.where(col(SharingException.state) == state)
    if after:
        statement = statement.where(col(SharingException.id) > after)
    found = (await session.exec(statement.order_by(col(SharingException.id)).limit(limit))).all()
    audit.read("sharing_exception", [each.person_id for each in found])
    return found
