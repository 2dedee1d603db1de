"""HTTP in and out for places; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request, Response

from chassis import jobs
from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.clock import today
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.strict import Day
from chassis.uploads import MULTIPART, read_files
from services.tracking.formats import hidden
from services.tracking.places import history, imports, lookup, service
from services.tracking.places.models import (
    AliasIn,
    AliasOut,
    LikelyOut,
    Located,
    PlaceHistoryOut,
    PlaceOut,
    PlacesOut,
    ShapeOut,
)

PATH = "/v1/tracking/places"
PCODE = r"^[A-Z]{2}([0-9]{2}){1,4}$"
MOST_ITEMS = 1000
Pcode = Annotated[str, Path(pattern=PCODE)]
Level = Annotated[int | None, Query(ge=1, le=4)]
OnDay = Annotated[Day | None, Query(description="The list of this day; without it, of today.")]

router = Router(prefix=PATH, tags=["places"], route_class=Once)


@router.post("/imports", status_code=202, openapi_extra=MULTIPART)
async def import_places(
    request: Request, response: Response, caller: CallerDep, session: WriteSession
) -> jobs.JobOut:
    """Take COD-AB gazetteers of any level in CSV, XLSX or GeoJSON; a row tells all above it too."""
    uploads = await read_files(request)
    payload, total, left = imports.pack(uploads)
    options = {"left": left} | hidden.options(uploads)
    job = jobs.submit(session, imports.KIND, payload, total=total, caller=caller, options=options)
    return jobs.accepted(job, f"{PATH}/imports", response)


@router.get("/imports/{job_id}")
async def get_places_import(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, imports.KIND, job_id, access)


@router.get("")
async def list_places(
    session: ReadSession,
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    level: Level = None,
    on: OnDay = None,
    cursor: Annotated[str | None, Query(pattern=PCODE)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = MOST_ITEMS,
) -> PlacesOut:
    """List the places of a day in order of p-code; `parent` stands for everything below it."""
    found = await service.find(
        session, parent=parent, level=level, on=on or today(), after=cursor, limit=limit + 1
    )
    page = found[:limit]
    following = page[-1].pcode if len(found) > limit else None
    return PlacesOut(items=[lookup.shown(place) for place in page], next_cursor=following)


@router.get("/lookup")
async def look_up_place(
    session: ReadSession,
    name: Annotated[str, Query(min_length=1, max_length=120)],
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    level: Level = None,
    on: OnDay = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> LikelyOut:
    """Find places by a name as somebody has spelt it, in Arabic or Latin letters."""
    return await lookup.by_name(
        session, name, parent=parent, level=level, on=on or today(), limit=limit
    )


@router.get("/at")
async def get_place_at(
    session: ReadSession,
    latitude: Annotated[float, Query(ge=-90, le=90)],
    longitude: Annotated[float, Query(ge=-180, le=180)],
    level: Level = None,
    on: OnDay = None,
) -> Located:
    """Tell in which place a point lies, or, where no shape has it, which centre is nearest."""
    return await lookup.at(session, latitude, longitude, level=level, on=on or today())


@router.get("/{pcode}")
async def get_place(pcode: Pcode, session: ReadSession, on: OnDay = None) -> PlaceOut:
    """Show a place, as it was called on a day."""
    return await service.get(session, pcode, on or today())


@router.get("/{pcode}/history")
async def get_place_history(pcode: Pcode, session: ReadSession) -> PlaceHistoryOut:
    """Tell what a place was called before, and until when."""
    return await history.of(session, await service.get_place(session, pcode))


@router.get("/{pcode}/shape")
async def get_place_shape(pcode: Pcode, session: ReadSession) -> ShapeOut:
    """Give the polygon of a place as a GeoJSON feature."""
    return await lookup.shape_of(session, pcode)


@router.post("/{pcode}/aliases", status_code=201)
async def add_place_alias(
    pcode: Pcode, form: AliasIn, caller: CallerDep, session: WriteSession
) -> AliasOut:
    """Let a place be found by another name too."""
    return await lookup.add_alias(session, pcode, form, caller)


@router.delete("/aliases/{alias_id}", status_code=204)
async def drop_place_alias(alias_id: UUID, caller: CallerDep, session: WriteSession) -> None:
    await lookup.drop_alias(session, alias_id, caller)
