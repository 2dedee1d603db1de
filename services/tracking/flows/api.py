"""HTTP in and out for flow monitoring; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.strict import Day
from services.tracking.flows import service, sums
from services.tracking.flows.models import (
    SCOPING,
    BatchIn,
    By,
    FlowsOut,
    HoursIn,
    HoursOut,
    IntakeOut,
    MatrixOut,
)

PATH = "/v1/tracking/flows"
Since = Annotated[Day, Query(description="The first day.")]
Until = Annotated[Day, Query(description="The last day, still within.")]
Site = Annotated[UUID | None, Query(description="One point only.")]
Place = Annotated[
    str | None,
    Query(pattern=r"^LY([0-9]{2}){1,4}$", description="Points in a place or below it."),
]

router = Router(prefix=PATH, tags=["flow monitoring"], route_class=Once)


@router.post("/entries")
async def record_flow_entries(
    batch: BatchIn, access: AccessDep, session: WriteSession
) -> IntakeOut:
    """Take in what was seen at a point; wrong rows are refused alone, known ones count once."""
    return await service.take_in(session, batch, access)


@router.post("/hours")
async def record_flow_hours(form: HoursIn, access: AccessDep, session: WriteSession) -> HoursOut:
    """Tell in which hours a point was watched."""
    return await service.watch(session, form, access)


@router.get("/tables")
async def get_flow_table(
    access: AccessDep,
    session: ReadSession,
    by: By,
    since: Since,
    until: Until,
    site_id: Site = None,
    place: Place = None,
) -> FlowsOut:
    """Sum the people seen in a period; the share of hours that were watched is told, not filled."""
    wanted = sums.Wanted(since, until, site_id, place)
    items = await sums.table(session, access, by, wanted)
    return FlowsOut(
        by=by,
        since=since,
        until=until,
        watch=await sums.watched(session, wanted, access.rows(SCOPING)),
        individuals=sum(each.individuals for each in items),
        items=items,
    )


@router.get("/matrix")
async def get_flow_matrix(
    access: AccessDep,
    session: ReadSession,
    since: Since,
    until: Until,
    level: Annotated[int, Query(ge=0, le=4, description="0: countries only.")] = 1,
    site_id: Site = None,
    place: Place = None,
) -> MatrixOut:
    """Tell from where to where people went, for those who plan; the public has level 1 only."""
    wanted = sums.Wanted(since, until, site_id, place)
    items = await sums.matrix(session, access, level, wanted)
    return MatrixOut(
        level=level,
        since=since,
        until=until,
        watch=await sums.watched(session, wanted, access.rows(SCOPING)),
        individuals=sum(each.individuals for each in items),
        items=items,
    )
