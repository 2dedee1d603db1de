"""HTTP in and out for registration events; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.strict import Day, Pcode
from chassis.versions import ExpectedVersion
from services.registration.occasions import service
from services.registration.occasions.models import (
    Context,
    EventCorrectionIn,
    EventIn,
    EventOut,
    EventsOut,
)
from services.registration.places import service as places

PATH = "/v1/registration/registration-events"

router = Router(prefix=PATH, tags=["registration events"], route_class=Once)


@router.post("", status_code=201)
async def hold_registration_event(
    form: EventIn, request: Request, response: Response, access: AccessDep, session: WriteSession
) -> EventOut:
    """Say where, when and how people are about to be registered; name it in each registration."""
    access.refuse_elsewhere(form.place_pcode)
    await places.refuse_nowhere(database_of(request), form.place_pcode, "/place_pcode")
    event = await service.hold(session, form, access)
    response.headers["Location"] = f"{PATH}/{event.id}"
    response.headers["ETag"] = f'"{event.version}"'
    return event


@router.get("")
async def list_registration_events(
    access: AccessDep,
    session: ReadSession,
    *,
    context: Annotated[Context | None, Query()] = None,
    place_pcode: Annotated[Pcode | None, Query()] = None,
    from_day: Annotated[Day | None, Query()] = None,
    to_day: Annotated[Day | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EventsOut:
    """
    List registration events, at a place or below it, within days.

    Those in detention centres are for protection officers, and for whoever carries somebody who
    was registered there.
    """
    wanted = service.Wanted(
        context=context, place_pcode=place_pcode, from_day=from_day, to_day=to_day
    )
    found = await service.find(session, access, wanted, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return EventsOut(items=list(page), next_cursor=following)


@router.get("/{event_id}")
async def get_registration_event(
    event_id: UUID, response: Response, access: AccessDep, session: ReadSession
) -> EventOut:
    event = await service.get(session, event_id, access)
    response.headers["ETag"] = f'"{event.version}"'
    return event


@router.patch("/{event_id}")
async def correct_registration_event(
    event_id: UUID,
    form: EventCorrectionIn,
    expected: ExpectedVersion,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> EventOut:
    """Correct what was said of a registration event."""
    if form.place_pcode:
        access.refuse_elsewhere(form.place_pcode)
        await places.refuse_nowhere(database_of(request), form.place_pcode, "/place_pcode")
    event = await service.correct(session, event_id, form, access, expected=expected)
    response.headers["ETag"] = f'"{event.version}"'
    return event
