"""HTTP in and out for incidents and what is estimated of them; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.authz import AccessDep
from chassis.clock import today
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.strict import Day
from services.tracking.incidents import service
from services.tracking.incidents.models import (
    Cause,
    EstimateIn,
    EstimateOut,
    EstimatesOut,
    IncidentIn,
    IncidentOut,
    IncidentRow,
    IncidentsOut,
)
from services.tracking.incidents.trends import By, EventTrendOut

PATH = "/v1/tracking/incidents"
MOST_POINTS = 5000

router = Router(prefix=PATH, tags=["incidents"], route_class=Once)


@router.post("", status_code=201, responses={200: {"model": IncidentRow}})
async def record_incident(
    form: IncidentIn, response: Response, access: AccessDep, session: WriteSession
) -> IncidentRow:
    incident, is_new = await service.open_incident(session, form, access)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{PATH}/{incident.id}"
    return IncidentRow.model_validate(incident, from_attributes=True)


@router.get("")
async def list_incidents(
    access: AccessDep,
    session: ReadSession,
    cause: Cause | None = None,
    place: Annotated[str | None, Query(pattern=r"^LY([0-9]{2}){0,4}$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> IncidentsOut:
    """List incidents, the oldest record first; `place` stands for everything below it."""
    found = await service.find(
        session, access, cause=cause, place=place, after=cursor, limit=limit + 1
    )
    page, following = next_cursor(found, limit)
    items = [IncidentRow.model_validate(each, from_attributes=True) for each in page]
    return IncidentsOut(items=items, next_cursor=following)


@router.get("/{incident_id}")
async def get_incident(
    incident_id: UUID,
    access: AccessDep,
    session: ReadSession,
    as_of: Annotated[Day | None, Query(description="The day on which it was believed.")] = None,
) -> IncidentOut:
    """Show whom an incident displaced, as it is believed now or was on a day."""
    return await service.see(session, incident_id, access, as_of or today())


@router.post("/{incident_id}/estimates", status_code=201)
async def record_estimate(
    incident_id: UUID, form: EstimateIn, access: AccessDep, session: WriteSession
) -> EstimateOut:
    """Keep what a source says of a group's size; earlier estimates stay as they were."""
    return service.shown(await service.estimate(session, incident_id, form, access))


@router.get("/{incident_id}/estimates")
async def list_estimates(
    incident_id: UUID,
    access: AccessDep,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EstimatesOut:
    """List every vintage, in the order in which they came in."""
    found = await service.vintages(session, incident_id, access, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return EstimatesOut(items=list(page), next_cursor=following)


@router.get("/{incident_id}/trend")
async def get_incident_trend(
    incident_id: UUID,
    access: AccessDep,
    session: ReadSession,
    by: By = "week",
    place: Annotated[str, Query(pattern=r"^LY([0-9]{2}){0,4}$")] = "LY",
    as_of: Annotated[Day | None, Query(description="The day on which it was known.")] = None,
    cursor: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_POINTS)] = MOST_POINTS,
) -> EventTrendOut:
    """Show an incident as a series; a period in which nobody published an estimate is null."""
    points = await service.trend(session, incident_id, access, by, place, as_of or today())
    end = cursor + limit
    following = str(end) if len(points) > end else None
    return EventTrendOut(items=points[cursor:end], next_cursor=following)
