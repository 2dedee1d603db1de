"""What can be done with return cases. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.caller import Caller
from chassis.db import insert_new
from chassis.problems import Fault, Problem, not_found
from chassis.strict import Strict
from contracts.event import Event
from contracts.returns import CaseOpened, CaseWithdrawn, PersonDeparted
from services.returns.cases import rules
from services.returns.cases.models import Case, CaseIn, CaseOut, Departure
from services.returns.cases.rules import Status


async def open_case(session: AsyncSession, form: CaseIn, caller: Caller) -> Case:
    """Open a case for somebody who has none in hand."""
    case = Case(
        **form.model_dump(),
        open_for=form.person_id,
        organisation=caller.organisation,
        created_by=caller.id,
    )
    if not await insert_new(session, case):
        raise Problem(409, "case-open", "This person has a return case in hand already.")
    event = CaseOpened(case_id=case.id, person_id=case.person_id)
    outbox.publish(session, event, subject=str(case.id), sequence=case.version)
    return case


async def take_step(
    session: AsyncSession,
    case_id: UUID,
    wanted: Status,
    evidence: Strict,
    caller: Caller,
    *,
    expected: int | None,
) -> Case:
    """
    Take a step of the way, with its evidence.

    409 `out-of-order` names what is missing; 412 when the case is not at the version that the
    caller has seen, or somebody else took a step in the same moment.
    """
    case = await get(session, case_id, caller)
    if expected is not None and case.version != expected:
        raise _changed()
    now = rules.STATUSES[case.status]
    if lacking := rules.missing(now, wanted):
        raise _out_of_order(now, wanted, lacking)
    if isinstance(evidence, Departure):
        _check_clocks(case, evidence.departed_on)
    steps = case.steps | {wanted: evidence.model_dump(mode="json") | {"by": caller.id}}
    taken = await session.exec(
        update(Case)
        .where(col(Case.id) == case.id, col(Case.version) == case.version)
        .values(
            status=wanted,
            steps=steps,
            version=case.version + 1,
            open_for=None if wanted in rules.ENDED else case.person_id,
        )
    )
    if not taken.rowcount:
        raise _changed()
    await session.refresh(case)
    if event := _told(case, evidence):
        outbox.publish(session, event, subject=str(case.id), sequence=case.version)
    return case


def _told(case: Case, evidence: Strict) -> Event | None:
    if isinstance(evidence, Departure):
        return PersonDeparted(
            case_id=case.id, person_id=case.person_id, departed_on=evidence.departed_on
        )
    if case.status == "withdrawn":
        return CaseWithdrawn(case_id=case.id, person_id=case.person_id)
    return None


def _check_clocks(case: Case, departs_on: date) -> None:
    cleared = case.steps["cleared"]
    document, fit = (
        date.fromisoformat(cleared[name])
        for name in ("travel_document_expires_on", "fit_to_travel_until")
    )
    if over := rules.expired(departs_on, document, fit):
        faults = [
            Fault(pointer=name, code="expired", detail="Expired on the day of departure.")
            for name in over
        ]
        raise Problem(
            409, "clearance-expired", "The clearance is not valid on that day.", errors=faults
        )


def _out_of_order(now: Status, wanted: Status, lacking: list[Status]) -> Problem:
    if lacking == [wanted]:
        return Problem(409, "out-of-order", f"The case is {now}; it cannot be {wanted} any more.")
    faults = [
        Fault(pointer=step, code="step_missing", detail=f"The case is not {step} yet.")
        for step in lacking
    ]
    names = ", ".join(lacking)
    detail = f"The case is {now}; before it can be {wanted} it must be {names}."
    return Problem(409, "out-of-order", detail, errors=faults)


def _changed() -> Problem:
    return Problem(412, "version-mismatch", "The case has changed since you read it.")


async def get(session: AsyncSession, case_id: UUID, caller: Caller) -> Case:
    case = await session.get(Case, case_id)
    if case is None or case.organisation != caller.organisation:
        raise not_found("case")
    return case


async def find(
    session: AsyncSession,
    caller: Caller,
    *,
    person_id: UUID | None,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Case]:
    statement = select(Case).where(col(Case.organisation) == caller.organisation)
    if person_id:
        statement = statement.where(col(Case.person_id) == person_id)
    if status:
        statement = statement.where(col(Case.status) == status)
    if after:
        statement = statement.where(col(Case.id) > after)
    return (await session.exec(statement.order_by(col(Case.id)).limit(limit))).all()


def shown(case: Case) -> CaseOut:
    return CaseOut.model_validate(case, from_attributes=True)
