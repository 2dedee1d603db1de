"""HTTP in and out for retention; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.clock import today
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.retention import service
from services.registration.retention.models import DryRunOut, RunOut, RunsOut

router = Router(prefix="/v1/registration/retention", tags=["erasure"], route_class=Once)


@router.get("/dry-run")
async def try_retention(session: ReadSession) -> DryRunOut:
    """Count what a run of today would delete, and what a legal hold would keep; nothing is done."""
    return await service.dry_run(session, today())


@router.post("/runs", status_code=202)
async def begin_retention(access: AccessDep, session: WriteSession) -> RunOut:
    """Begin today's run, which begins by itself too; of many people it waits for a second one."""
    run = await service.begin(session, access.caller)
    return RunOut.model_validate(run, from_attributes=True)


@router.get("/runs")
async def list_retention_runs(
    session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> RunsOut:
    found = await service.find(session, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return RunsOut(
        items=[RunOut.model_validate(each, from_attributes=True) for each in page],
        next_cursor=following,
    )


@router.post("/runs/{run_id}/approval", status_code=202)
async def approve_retention(run_id: UUID, access: AccessDep, session: WriteSession) -> RunOut:
    """Let a run of more than 1,000 people go on."""
    run = await service.approve(session, run_id, access)
    return RunOut.model_validate(run, from_attributes=True)
