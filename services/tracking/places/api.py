"""HTTP in and out for places; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from chassis import jobs
from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.uploads import MULTIPART, read_files
from services.tracking.places import imports, service
from services.tracking.places.models import PlaceOut, PlaceRow, PlacesOut

PATH = "/v1/tracking/places"
PCODE = r"^[A-Z]{2}([0-9]{2}){1,4}$"
MOST_ITEMS = 1000

router = APIRouter(prefix=PATH, tags=["places"], route_class=Once)


@router.post("/imports", status_code=202, openapi_extra=MULTIPART)
async def import_places(
    request: Request, response: Response, caller: CallerDep, session: WriteSession
) -> jobs.JobOut:
    """Take COD-AB gazetteers in CSV, one or several, of any level; each row tells all above it."""
    payload, total = imports.pack(await read_files(request))
    job = jobs.submit(session, imports.KIND, payload, total=total, caller=caller)
    return jobs.accepted(job, f"{PATH}/imports", response)


@router.get("/imports/{job_id}")
async def get_places_import(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, imports.KIND, job_id, access)


@router.get("")
async def list_places(
    session: ReadSession,
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    level: Annotated[int | None, Query(ge=1, le=4)] = None,
    cursor: Annotated[str | None, Query(pattern=PCODE)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = MOST_ITEMS,
) -> PlacesOut:
    """List places in order of p-code; `parent` stands for everything below it."""
    found = await service.find(session, parent=parent, level=level, after=cursor, limit=limit + 1)
    page = found[:limit]
    following = page[-1].pcode if len(found) > limit else None
    return PlacesOut(
        items=[PlaceRow(**place.model_dump(exclude={"version"})) for place in page],
        next_cursor=following,
    )


@router.get("/{pcode}")
async def get_place(pcode: Annotated[str, Path(pattern=PCODE)], session: ReadSession) -> PlaceOut:
    return await service.get(session, pcode)
