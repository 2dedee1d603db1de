"""HTTP in and out for planted persons and for the alerts about them; no decisions."""

from uuid import UUID

from fastapi import Request

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.honey import service
from services.registration.honey.models import (
    AlertOut,
    AlertReviewIn,
    AlertsOut,
    HoneyOut,
    HoneysOut,
)
from services.registration.persons.models import PersonIn
from services.registration.places import service as places

router = Router(prefix="/v1/registration", tags=["honey records"], route_class=Once)


@router.post("/honey-records", status_code=201)
async def plant_honey_record(
    form: PersonIn, request: Request, access: AccessDep, session: WriteSession
) -> HoneyOut:
    """
    Register a person who does not exist: whoever opens them had no reason to.

    Invent the person; nothing tells them from others, in lists or files, and no figure counts them.
    They are entitled like others too, so choose a place and a category that no programme covers.
    """
    await places.refuse_nowhere(database_of(request), form.location_pcode)
    honey = await service.plant(session, form, access)
    return HoneyOut.model_validate(honey, from_attributes=True)


@router.get("/honey-records")
async def list_honey_records(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> HoneysOut:
    found = await service.find(session, access, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    items = [HoneyOut.model_validate(each, from_attributes=True) for each in page]
    return HoneysOut(items=items, next_cursor=following)


@router.get("/alerts")
async def list_alerts(
    access: AccessDep,
    session: ReadSession,
    status: service.Status | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AlertsOut:
    """Tell who opened a planted person: `unreviewed` is the inbox of who reviews."""
    found = await service.find_alerts(session, access, status=status, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return AlertsOut(items=await service.shown(session, page), next_cursor=following)


@router.post("/alerts/{alert_id}/review")
async def review_alert(
    alert_id: UUID, form: AlertReviewIn, access: AccessDep, session: WriteSession
) -> AlertOut:
    """Say whether it was harmless, which lets a frozen account in again within seconds."""
    alert = await service.review(session, alert_id, form, access)
    return (await service.shown(session, [alert]))[0]
