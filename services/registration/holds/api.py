"""HTTP in and out for legal holds; no decisions."""

from uuid import UUID

from fastapi import Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.holds import service
from services.registration.holds.models import HoldIn, HoldOut, HoldsOut

PATH = "/v1/registration/legal-holds"

router = Router(prefix=PATH, tags=["erasure"], route_class=Once)


@router.post("", status_code=201)
async def place_hold(
    form: HoldIn, response: Response, access: AccessDep, session: WriteSession
) -> HoldOut:
    """Keep a person's record, against erasure and retention, until the hold is lifted."""
    hold = await service.place(session, form, access)
    response.headers["Location"] = PATH
    return HoldOut.model_validate(hold, from_attributes=True)


@router.get("")
async def list_holds(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> HoldsOut:
    found = await service.find(session, access, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return HoldsOut(
        items=[HoldOut.model_validate(each, from_attributes=True) for each in page],
        next_cursor=following,
    )


@router.delete("/{hold_id}")
async def lift_hold(hold_id: UUID, access: AccessDep, session: WriteSession) -> HoldOut:
    """Let the record go; its erasure can be asked for and approved again."""
    hold = await service.lift(session, hold_id, access)
    return HoldOut.model_validate(hold, from_attributes=True)
