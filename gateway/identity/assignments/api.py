"""HTTP in and out for the roles that people and clients hold; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.strict import Code
from gateway.identity.assignments import granting, service
from gateway.identity.assignments.models import AssignmentIn, AssignmentOut, AssignmentsOut
from gateway.identity.issuer import Issuer

ASSIGNMENTS = "/v1/identity/assignments"

router = Router(tags=["identity"], route_class=Once)


@router.post(ASSIGNMENTS, status_code=201)
async def assign_role(
    form: AssignmentIn,
    request: Request,
    response: Response,
    caller: CallerDep,
    session: WriteSession,
) -> AssignmentOut:
    """Give somebody a role; one that opens special categories waits for an approval."""
    issuer: Issuer = request.app.state.issuer
    assignment = await granting.give(session, issuer.revocations, form, caller)
    response.headers["Location"] = f"{ASSIGNMENTS}/{assignment.id}"
    return service.shown(assignment)


@router.get(ASSIGNMENTS)
async def list_assignments(
    session: ReadSession,
    holder: Annotated[Code | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AssignmentsOut:
    found = await service.find(session, holder, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return AssignmentsOut(items=[service.shown(each) for each in page], next_cursor=following)


@router.post(ASSIGNMENTS + "/{assignment_id}/approval")
async def approve_assignment(
    assignment_id: UUID, request: Request, caller: CallerDep, session: WriteSession
) -> AssignmentOut:
    """Approve a role that somebody else has asked for, for somebody else."""
    issuer: Issuer = request.app.state.issuer
    return service.shown(await granting.approve(session, issuer.revocations, assignment_id, caller))


@router.delete(ASSIGNMENTS + "/{assignment_id}", status_code=204)
async def end_assignment(
    assignment_id: UUID, request: Request, caller: CallerDep, session: WriteSession
) -> None:
    """Take a role away; it ends within a minute everywhere."""
    issuer: Issuer = request.app.state.issuer
    await granting.take(session, issuer.revocations, assignment_id, caller)
