"""HTTP in and out for published figures and trends; no decisions."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from chassis import jobs
from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import Problem
from chassis.uploads import MULTIPART, read_files
from services.tracking.formats import hidden
from services.tracking.formats.choice import OFFERED, Choice, Tags
from services.tracking.formats.writing import file_of
from services.tracking.rounds.files import centroids
from services.tracking.rounds.models import Dimension, Population
from services.tracking.series import files, imports, service, trends
from services.tracking.series.counting import Question
from services.tracking.series.models import (
    Component,
    FigureVintage,
    SeriesOut,
    TrendsOut,
)

PATH = "/v1/tracking/series"
PLACE = r"^[A-Z]{2}([0-9]{2}){0,4}$"
MOST_POINTS = 10_000
COUNTRY_TO_MUHALLA = 10

router = Router(prefix=PATH, tags=["series"], route_class=Once)
across = Router(prefix="/v1/tracking/trends", tags=["series"])

Place = Annotated[str, Query(pattern=PLACE)]
Number = Annotated[int | None, Query(ge=1, le=9999)]


@router.post("/imports", status_code=202, openapi_extra=MULTIPART)
async def import_series(
    request: Request, response: Response, caller: CallerDep, session: WriteSession
) -> jobs.JobOut:
    """Take a long table of published figures, each row with its source and basis."""
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one table at a time.")
    payload, total = imports.pack(uploads[0])
    options = hidden.options(uploads)
    job = jobs.submit(session, imports.KIND, payload, total=total, caller=caller, options=options)
    return jobs.accepted(job, f"{PATH}/imports", response)


@router.get("/imports/{job_id}")
async def get_series_import(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, imports.KIND, job_id, access)


@router.get("")
async def list_published_figures(
    session: ReadSession,
    population: Population | None = None,
    place: Annotated[str | None, Query(pattern=PLACE)] = None,
    round_number: Number = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> SeriesOut:
    """List published figures with every vintage of them, in the order in which they came in."""
    found = await service.find(
        session,
        population=population,
        place=place,
        number=round_number,
        after=cursor,
        limit=limit + 1,
    )
    page, following = next_cursor(found, limit)
    return SeriesOut(
        items=[FigureVintage.model_validate(each, from_attributes=True) for each in page],
        next_cursor=following,
    )


@across.get("", response_model=TrendsOut, responses=OFFERED)
async def list_trends(
    session: ReadSession,
    form: Choice,
    population: Population | None = None,
    place: Place = "LY",
    by: Dimension | Literal["place"] | None = None,
    component: Component = "mobility_tracking",
    from_round: Number = None,
    to_round: Number = None,
    as_of: date | None = None,
    cursor: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_POINTS)] = MOST_POINTS,
    hxl: Tags = False,
) -> Response:
    """
    Show a population in a place across rounds, one row a round; a round without a figure is null.

    `by` tells a place or dimension apart; `as_of` shows what was known on that day; `format` sends
    all of it as a file.
    """
    length = len(place) + 2 if by == "place" else len(place)
    question = Question(
        place=place,
        length=min(length, COUNTRY_TO_MUHALLA),
        population=population,
        by=by,
        component=component,
        first=from_round,
        last=to_round,
        as_of=as_of,
    )
    points = await trends.trend(session, question)
    if form != "json":
        table = files.table(question, hxl=hxl)
        level = question.length // 2 - 1
        where = await centroids(session, level) if form == "geojson" else {}
        return file_of(form, table, files.pages(points, table.about), where)
    end = cursor + limit
    following = str(end) if len(points) > end else None
    about = files.about(question)
    shown = TrendsOut(items=points[cursor:end], next_cursor=following, about=about)
    # What has its shape by now is not given to FastAPI to be checked again, point by point.
    return Response(shown.model_dump_json(), media_type="application/json")
