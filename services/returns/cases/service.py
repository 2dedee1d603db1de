"""What can be done with return cases. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, merged, outbox, tombstones
from chassis.authz import Access
from chassis.problems import Fault, Problem, not_found
from chassis.rows import insert_new
from chassis.strict import Strict
from chassis.turns import take_turns
from chassis.views import View
from contracts.event import Event
from contracts.returns import CaseOpened, CaseWithdrawn, PersonDeparted
from services.returns.cases import rules, sealed
from services.returns.cases.models import SCOPING, Case, CaseIn, CaseOut, Departure
from services.returns.cases.rules import Status
from services.returns.people import service as people
from services.returns.people.models import Person
from services.returns.shares.service import stop_if_withdrawn


async def open_case(session: AsyncSession, form: CaseIn, access: Access) -> Case:
    """Open a case for somebody who has none in hand, in no registration of theirs."""
    # An erasure would not find what is not committed yet, nor this whom it forgets at this moment.
    if await tombstones.concerns_erased(session, [form.person_id]):
        raise people.refuse_unknown()
    await people.refuse_merged(session, form.person_id)
    registrations = await merged.registrations_of(session, Person, form.person_id)
    if len(registrations) > 1:
        in_hand = select(Case.id).where(col(Case.open_for).in_(registrations))
        if (await session.exec(in_hand)).first():
            raise _in_hand()
    keys = await crypto.subject_keys(session, [form.person_id], create=True)
    case = Case(
        **form.model_dump(),
        open_for=form.person_id,
        organisation=access.caller.organisation,
        created_by=access.caller.id,
        steps=b"",
    )
    case.steps = sealed.seal(keys[form.person_id], case, {})
    if not await insert_new(session, case):
        raise _in_hand()
    audit.note(session, access.caller, "create", "return_case", [form.person_id, case.id])
    event = CaseOpened(case_id=case.id, person_id=form.person_id)
    outbox.publish(session, event, subject=str(case.id), sequence=case.version)
    return case


def _in_hand() -> Problem:
    return Problem(409, "case-open", "This person has a return case in hand already.")


async def take_step(
    session: AsyncSession,
    case_id: UUID,
    wanted: Status,
    evidence: Strict,
    access: Access,
    *,
    expected: int | None,
) -> Case:
    """
    Take a step of the way, with its evidence.

    409 `out-of-order` names what is missing; 412 when the case is not at the version that the
    caller has seen, or somebody else took a step in the same moment.
    """
    # An erasure of the person that is under way is waited for, and then the case is not there.
    await take_turns(session, tombstones.ERASING, shared=True)
    case = await get(session, case_id, access)
    if expected is not None and case.version != expected:
        raise _changed()
    now = rules.STATUSES[case.status]
    if lacking := rules.missing(now, wanted):
        raise _out_of_order(now, wanted, lacking)
    if wanted != "withdrawn":
        await stop_if_withdrawn(session, case)
    keys = await crypto.subject_keys(session, [sealed.owner(case)], create=True)
    steps = sealed.open_steps(keys, case)
    if isinstance(evidence, Departure):
        _check_clocks(steps, evidence.departed_on)
    steps |= {wanted: evidence.model_dump(mode="json") | {"by": access.caller.id}}
    taken = await session.exec(
        update(Case)
        .where(col(Case.id) == case.id, col(Case.version) == case.version)
        .values(
            status=wanted,
            steps=sealed.seal(keys[sealed.owner(case)], case, steps),
            version=case.version + 1,
            open_for=None if wanted in rules.ENDED else case.person_id,
        )
    )
    if not taken.rowcount:
        raise _changed()
    await session.refresh(case)
    subjects = [each for each in (case.person_id, case.id) if each]
    audit.note(session, access.caller, "update", "return_case", subjects, fields=[wanted])
    if event := _told(case, evidence):
        outbox.publish(session, event, subject=str(case.id), sequence=case.version)
    return case


def _told(case: Case, evidence: Strict) -> Event | None:
    assert case.person_id is not None  # noqa: S101 - A case without a person has ended, and goes no step.
    if isinstance(evidence, Departure):
        return PersonDeparted(
            case_id=case.id, person_id=case.person_id, departed_on=evidence.departed_on
        )
    if case.status == "withdrawn":
        return CaseWithdrawn(case_id=case.id, person_id=case.person_id)
    return None


def _check_clocks(steps: sealed.Steps, departs_on: date) -> None:
    cleared = steps["cleared"]
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


async def get(session: AsyncSession, case_id: UUID, access: Access) -> Case:
    """Return a case with which the caller may do what they ask to; the record, not for showing."""
    statement = _joined(select(Case)).where(col(Case.id) == case_id, access.rows(SCOPING))
    case: Case | None = (await session.exec(statement)).one_or_none()
    if case is None:
        raise not_found("case")
    return case


async def see(session: AsyncSession, case_id: UUID, access: Access) -> CaseOut:
    """Return as much of a case as the caller may see."""
    view = View(access, CaseOut.shape, SCOPING)
    statement = _joined(select(Case, view.standing)).where(
        col(Case.id) == case_id, access.rows(SCOPING, action="R")
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("case")
    return (await _shown(session, view, [found]))[0]


async def find(
    session: AsyncSession,
    access: Access,
    *,
    person_id: UUID | None,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> list[CaseOut]:
    """Return as much as the caller may see of the cases that they may see, the oldest first."""
    view = View(access, CaseOut.shape, SCOPING)
    statement = _seen(view, access)
    if person_id:
        statement = statement.where(col(Case.person_id) == person_id, view.showing("person_id"))
    if status:
        statement = statement.where(col(Case.status) == status, view.showing("status"))
    if after:
        statement = statement.where(col(Case.id) > after)
    found = await session.exec(statement.order_by(col(Case.id)).limit(limit))
    return await _shown(session, view, found.all())


async def of_person(
    session: AsyncSession, access: Access, person_id: UUID, most: int
) -> list[CaseOut]:
    """Return the cases of a person whom the caller has found, in each of their registrations."""
    view = View(access, CaseOut.shape, SCOPING)
    registrations = await merged.registrations_of(session, Person, person_id)
    statement = _seen(view, access).where(col(Case.person_id).in_(registrations))
    found = await session.exec(statement.order_by(col(Case.id)).limit(most))
    return await _shown(session, view, found.all())


def _seen(view: View, access: Access) -> Any:
    return _joined(select(Case, view.standing)).where(access.rows(SCOPING))


async def _shown(
    session: AsyncSession, view: View, found: Sequence[tuple[Case, int]]
) -> list[CaseOut]:
    """Return what the view lets be seen of each; only that is opened, by one query for all keys."""
    seen = [case for case, standing in found if not view.hides("steps", standing)]
    steps = await sealed.opened(session, seen)
    return [
        view.shown(CaseOut, case.model_dump() | {"steps": steps.get(case.id)}, standing)
        for case, standing in found
    ]


def _joined(statement: Any) -> Any:
    return statement.join(Person, col(Person.id) == col(Case.person_id))
