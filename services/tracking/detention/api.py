"""HTTP in and out for visits to detention centres; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.tracking.detention import service
from services.tracking.detention.models import (
    HealthsOut,
    SummaryOut,
    VisitIn,
    VisitOut,
    VisitsOut,
)

router = Router(prefix="/v1/tracking", tags=["detention centres"], route_class=Once)


@router.post("/detention-centres/{site_id}/visits", status_code=201)
async def record_visit(
    site_id: UUID, form: VisitIn, access: AccessDep, session: WriteSession
) -> VisitOut:
    """Record whether a team was let in, whom they saw and what they found; or correct that."""
    return await service.record(session, site_id, form, access)


@router.get("/detention-centres/{site_id}/visits")
async def list_visits(
    site_id: UUID,
    access: AccessDep,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> VisitsOut:
    found = await service.find(session, site_id, access, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return VisitsOut(items=list(page), next_cursor=following)


@router.get("/detention-centres/{site_id}/health")
async def list_health_findings(
    site_id: UUID, access: AccessDep, session: ReadSession
) -> HealthsOut:
    """Tell those who treat what the visits found that bears on health, the last first."""
    return HealthsOut(items=await service.health(session, site_id, access))


@router.get("/detention-summary")
async def summarise_detention(session: ReadSession) -> SummaryOut:
    """Tell how many people were seen in a region's centres; of one centre it tells nothing."""
    return await service.summary(session)
