"""HTTP in and out for rounds; no decisions."""

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query, Request, Response

from chassis import jobs
from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.problems import Problem
from chassis.strict import Text
from chassis.uploads import MULTIPART, read_files
from services.tracking.formats.choice import OFFERED, Choice, Tags
from services.tracking.formats.writing import file_of
from services.tracking.rounds import counted, files, heading, imports, order, service, versions
from services.tracking.rounds.counts import RoundCounts, of_workbook
from services.tracking.rounds.models import (
    Breakdown,
    FiguresOut,
    Population,
    RoundOut,
    RoundsOut,
    RoundVersionOut,
    RoundVersionsOut,
)
from services.tracking.rounds.periods import DAY_OR_MONTH

PATH = "/v1/tracking/rounds"
MOST_FIGURES = 10_000
MOST_ROUNDS = 100
PERIOD = rf"^{DAY_OR_MONTH}(?:/{DAY_OR_MONTH})?$"
PCODE = r"^[A-Z]{2}([0-9]{2}){1,4}$"
Number = Annotated[int, Path(ge=1, le=9999)]

router = Router(prefix=PATH, tags=["rounds"], route_class=Once)


@router.post("/imports", status_code=202, openapi_extra=MULTIPART)
async def import_round(
    request: Request,
    response: Response,
    caller: CallerDep,
    session: WriteSession,
    disagreements: Literal["refuse", "keep"] = "refuse",
    round_number: Annotated[int | None, Query(ge=1, le=9999)] = None,
    period: Annotated[str | None, Query(pattern=PERIOD)] = None,
    columns: Annotated[str | None, Query(max_length=20_000)] = None,
    sheet: Annotated[str | None, Query(max_length=100)] = None,
    reason: Annotated[Text | None, Query()] = None,
) -> jobs.JobOut:
    """
    Take a DTM round: the published workbook of migrants, or a table of any populations.

    A table (CSV or XLSX) has a row a place with its `pcode`, and columns as `idps`,
    `idps:households`, `idps:sex:male`, `returnees`, `migrants:shelter:none`, `idps:origin:LY02`;
    or a row each nationality or place of origin, in a column `nationality`, `origin` or
    `returned_from`. `columns` is a JSON object that says which of these its own columns are;
    `sheet` names the sheet, else it is the first that has such a table, below titles or not.
    `period` is that of the round, as 2024-08/2024-09. What does not sum is refused whole; with
    `disagreements=keep` it is taken as it is, and not published before each is explained.
    Other figures of a round that is public need a `reason`; what is other is told in the job's
    warnings and in the round's versions.
    """
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one file at a time.")
    [upload], keep = uploads, disagreements == "keep"
    asked = counted.Asked(heading.mapped(columns), round_number, period, sheet)
    if counted.is_table(upload, asked):
        told = await imports.checked_table(session, upload, asked, keep=keep)
        rounds: Iterable[RoundCounts] = told.rounds.values()
        options, total = asked.options() | {"charset": upload.charset}, len(told.lines)
    else:
        book = await (imports.as_it_is if keep else imports.checked)(upload.content)
        imports.refuse_other_number(book, round_number)
        rounds, options, total = [of_workbook(book)], {}, len(book.rows)
    for each in rounds:
        await order.refuse(session, each.number, each.population, each.period)
        await versions.refuse_unexplained(session, each, reason, imports.AT_REASON)
    options |= {imports.REASON: reason}
    job = jobs.submit(
        session, imports.KIND, upload.content, total=total, caller=caller, options=options
    )
    return jobs.accepted(job, f"{PATH}/imports", response)


@router.get("/imports/{job_id}")
async def get_round_import(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, imports.KIND, job_id, access)


@router.get("")
async def list_rounds(
    session: ReadSession,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,4}~[a-z]{1,20}$")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROUNDS)] = MOST_ROUNDS,
) -> RoundsOut:
    at, _, last = (cursor or "0~").partition("~")
    found = await service.find(session, (int(at), last), limit + 1)
    page = found[:limit]
    following = f"{page[-1].number}~{page[-1].population}" if len(found) > limit else None
    return RoundsOut(
        items=[RoundOut.model_validate(each, from_attributes=True) for each in page],
        next_cursor=following,
    )


@router.get("/{number}")
async def get_round(
    number: Number, session: ReadSession, population: Population = service.POPULATION
) -> RoundOut:
    found = await service.get(session, number, population)
    return RoundOut.model_validate(found, from_attributes=True)


@router.get("/{number}/versions")
async def list_round_versions(
    number: Number,
    session: ReadSession,
    population: Population = service.POPULATION,
    cursor: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROUNDS)] = MOST_ROUNDS,
) -> RoundVersionsOut:
    """List what the round was in each version, what was changed for it, and why."""
    await service.get(session, number, population)
    found = await versions.find(session, number, population, cursor, limit + 1)
    page = found[:limit]
    return RoundVersionsOut(
        items=[RoundVersionOut.model_validate(each, from_attributes=True) for each in page],
        next_cursor=str(page[-1].version) if len(found) > limit else None,
    )


@router.get("/{number}/figures", response_model=FiguresOut, responses=OFFERED)
async def get_figures(
    number: Number,
    request: Request,
    session: ReadSession,
    form: Choice,
    level: Annotated[int, Query(ge=1, le=4)],
    population: Population = "migrant",
    by: Breakdown | None = None,
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    cursor: Annotated[str | None, Query(pattern=r"^[A-Z]{2}([0-9]{2}){1,4}~[a-zA-Z0-9_]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_FIGURES)] = MOST_FIGURES,
    hxl: Tags = False,
) -> Response:
    """
    Sum a round to regions, mantikas, baladiyas or muhallas, as a whole or by a dimension.

    `format` sends all of it as a file.
    """
    of_round = await service.get(session, number, population)
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
    shown = FiguresOut(items=page, next_cursor=following, about=files.about(of_round))
    # What has its shape by now is not given to FastAPI to be checked again, row by row.
    return Response(shown.model_dump_json(), media_type="application/json")
