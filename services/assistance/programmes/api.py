"""HTTP in and out for programmes; no decisions."""

from uuid import UUID

from fastapi import Request, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.gazetteer import PATIENCE_SECONDS
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import Fault, Problem
from services.assistance.places.models import GAZETTEER
from services.assistance.programmes import service
from services.assistance.programmes.models import ProgrammeIn, ProgrammeOut, ProgrammesOut

PATH = "/v1/assistance/programmes"

router = Router(prefix=PATH, tags=["programmes"], route_class=Once)


@router.post("", status_code=201, responses={200: {"model": ProgrammeOut}})
async def create_programme(
    form: ProgrammeIn,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> ProgrammeOut:
    """Make a programme; everybody it covers is entitled within seconds, now and later."""
    for pcode in form.places:
        access.refuse_elsewhere(pcode)
    unknown = await GAZETTEER.unknown(database_of(request), form.places, PATIENCE_SECONDS)
    if unknown:
        faults = [
            Fault(pointer=f"/places/{i}", code="unknown_place", detail="No place has this p-code.")
            for i, pcode in enumerate(form.places)
            if pcode in unknown
        ]
        raise Problem(422, "unknown-place", "A place is not known.", errors=faults)
    programme, is_new = await service.create(session, form, access)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{PATH}/{programme.id}"
    response.headers["ETag"] = f'"{programme.version}"'
    return service.shown(programme)


@router.get("")
async def list_programmes(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> ProgrammesOut:
    found = await service.find(session, access, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return ProgrammesOut(items=[service.shown(each) for each in page], next_cursor=following)


@router.get("/{programme_id}")
async def get_programme(
    programme_id: UUID, response: Response, access: AccessDep, session: ReadSession
) -> ProgrammeOut:
    programme = await service.get(session, programme_id, access)
    response.headers["ETag"] = f'"{programme.version}"'
    return service.shown(programme)
