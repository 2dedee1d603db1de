"""HTTP in and out for return cases; no decisions."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access, AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.strict import Strict
from chassis.versions import SeenVersion
from services.returns.cases import service
from services.returns.cases.models import (
    CaseIn,
    CaseOut,
    CasesOut,
    Clearance,
    Consent,
    Departure,
    Screening,
    Withdrawal,
)
from services.returns.cases.rules import Status
from services.returns.people import service as people

PATH = "/v1/returns/cases"
PATIENCE_SECONDS = 3.0

router = Router(prefix=PATH, tags=["cases"], route_class=Once)


@router.post("", status_code=201)
async def open_case(
    form: CaseIn, request: Request, response: Response, access: AccessDep, session: WriteSession
) -> CaseOut:
    """Open a return case for a registered person."""
    database = database_of(request)
    if not await people.is_registered(database, form.person_id, access, PATIENCE_SECONDS):
        raise people.refuse_unknown()
    case = await service.open_case(session, form, access)
    response.headers["Location"] = f"{PATH}/{case.id}"
    return _shown(await service.see(session, case.id, access), response)


@router.get("")
async def list_cases(
    access: AccessDep,
    session: ReadSession,
    *,
    person_id: UUID | None = None,
    status: Status | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CasesOut:
    found = await service.find(
        session, access, person_id=person_id, status=status, after=cursor, limit=limit + 1
    )
    page, following = next_cursor(found, limit)
    return CasesOut(items=list(page), next_cursor=following)


@router.get("/{case_id}")
async def get_case(
    case_id: UUID, response: Response, access: AccessDep, session: ReadSession
) -> CaseOut:
    return _shown(await service.see(session, case_id, access), response)


@dataclass(frozen=True)
class Step:
    """What every step of the way asks for, beside its evidence."""

    case_id: UUID
    response: Response
    access: Access
    session: AsyncSession
    expected: int | None

    async def take(self, wanted: Status, evidence: Strict) -> CaseOut:
        case = await service.take_step(
            self.session, self.case_id, wanted, evidence, self.access, expected=self.expected
        )
        return _shown(await service.see(self.session, case.id, self.access), self.response)


async def _step(
    case_id: UUID,
    response: Response,
    access: AccessDep,
    session: WriteSession,
    seen: SeenVersion,
) -> Step:
    return Step(case_id, response, access, session, seen)


StepDep = Annotated[Step, Depends(_step)]


@router.post("/{case_id}/screening")
async def screen(step: StepDep, evidence: Screening) -> CaseOut:
    return await step.take("screened", evidence)


@router.post("/{case_id}/consent")
async def consent(step: StepDep, evidence: Consent) -> CaseOut:
    return await step.take("consented", evidence)


@router.post("/{case_id}/clearance")
async def clear(step: StepDep, evidence: Clearance) -> CaseOut:
    return await step.take("cleared", evidence)


@router.post("/{case_id}/departure")
async def depart(step: StepDep, evidence: Departure) -> CaseOut:
    """The person boarded; assistance closes what is open, registration marks them departed."""
    return await step.take("departed", evidence)


@router.post("/{case_id}/withdrawal")
async def withdraw(step: StepDep, evidence: Withdrawal) -> CaseOut:
    """The person changed their mind; possible at any time before departure, without a reason."""
    return await step.take("withdrawn", evidence)


def _shown(case: CaseOut, response: Response) -> CaseOut:
    response.headers["ETag"] = f'"{case.version}"'
    return case
