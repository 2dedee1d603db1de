"""HTTP in and out for rounds; no decisions."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from chassis import jobs
from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.problems import Problem
from chassis.uploads import MULTIPART, read_files
from services.tracking.formats.choice import OFFERED, Choice, Tags
from services.tracking.formats.writing import file_of
from services.tracking.rounds import files, imports, service
from services.tracking.rounds.models import (
    Dimension,
    FiguresOut,
    Population,
    RoundOut,
    RoundsOut,
)

PATH = "/v1/tracking/rounds"
MOST_FIGURES = 10_000
MOST_ROUNDS = 100
PCODE = r"^[A-Z]{2}([0-9]{2}){1,4}$"
Number = Annotated[int, Path(ge=1, le=9999)]

router = APIRouter(prefix=PATH, tags=["rounds"], route_class=Once)


@router.post("/imports", status_code=202, openapi_extra=MULTIPART)
async def import_round(
    request: Request,
    response: Response,
    caller: CallerDep,
    session: WriteSession,
    disagreements: Literal["refuse", "keep"] = "refuse",
) -> jobs.JobOut:
    """
    Take the published workbook of a DTM round; one whose parts do not sum is refused.

    With `disagreements=keep` it is taken as it is, and not published before each is explained.
    """
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one workbook at a time.")
    take = imports.checked if disagreements == "refuse" else imports.as_it_is
    book = await take(uploads[0].content)
    job = jobs.submit(
        session, imports.KIND, uploads[0].content, total=len(book.rows), caller=caller
    )
    return jobs.accepted(job, f"{PATH}/imports", response)


@router.get("/imports/{job_id}")
async def get_round_import(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, imports.KIND, job_id, access)


@router.get("")
async def list_rounds(
    session: ReadSession,
    cursor: Annotated[int, Query(ge=0, le=9999)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROUNDS)] = MOST_ROUNDS,
) -> RoundsOut:
    found = await service.find(session, cursor, limit + 1)
    following = str(found[limit - 1].number) if len(found) > limit else None
    return RoundsOut(
        items=[RoundOut.model_validate(each, from_attributes=True) for each in found[:limit]],
        next_cursor=following,
    )


@router.get("/{number}")
async def get_round(number: Number, session: ReadSession) -> RoundOut:
    return RoundOut.model_validate(await service.get(session, number), from_attributes=True)


@router.get("/{number}/figures", response_model=FiguresOut, responses=OFFERED)
async def get_figures(
    number: Number,
    request: Request,
    session: ReadSession,
    form: Choice,
    level: Annotated[int, Query(ge=1, le=4)],
    population: Population = "migrant",
    by: Dimension | None = None,
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    cursor: Annotated[str | None, Query(pattern=r"^[A-Z]{2}([0-9]{2}){1,4}~[a-zA-Z0-9_]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_FIGURES)] = MOST_FIGURES,
    hxl: Tags = False,
) -> FiguresOut | Response:
    """
    Sum a round to regions, mantikas, baladiyas or muhallas, as a whole or by a dimension.

    `format` sends all of it as a file.
    """
    of_round = await service.get(session, number)
    if form != "json":
        table = files.table(of_round, level, by, hxl=hxl)
        where = await files.centroids(session, level) if form == "geojson" else {}
        pages = files.pages(
            database_of(request),
            of_round,
            population=population,
            level=level,
            by=by,
            parent=parent,
        )
        return file_of(form, table, pages, where)
    at, _, last = (cursor or "").partition("~")
    found = await service.sums(
        session,
        number,
        population=population,
        level=level,
        by=by,
        parent=parent,
        after=(at, last) if cursor else None,
        limit=limit + 1,
    )
    page = found[:limit]
    following = f"{page[-1].pcode}~{page[-1].category or ''}" if len(found) > limit else None
    return FiguresOut(items=page, next_cursor=following, about=files.about(of_round))
