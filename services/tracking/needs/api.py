"""HTTP out for needs and the reasons for them; no decisions."""

from typing import Annotated

from fastapi import Query, Response

from chassis.db import ReadSession
from chassis.operations import Router
from services.tracking.formats.choice import OFFERED, Choice, Tags
from services.tracking.formats.writing import file_of
from services.tracking.needs import files, service
from services.tracking.needs.models import By, NeedsOut
from services.tracking.rounds import files as of_rounds
from services.tracking.rounds import service as rounds
from services.tracking.rounds.api import PATH, PCODE, Number
from services.tracking.rounds.models import Population

MOST_ROWS = 10_000

router = Router(prefix=PATH, tags=["rounds"])


@router.get("/{number}/needs", response_model=NeedsOut, responses=OFFERED)
async def get_needs(
    number: Number,
    session: ReadSession,
    form: Choice,
    level: Annotated[int, Query(ge=0, le=4)] = 0,
    population: Population = "migrant",
    by: By = "need",
    priority: Annotated[int | None, Query(ge=1, le=9)] = None,
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    cursor: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = MOST_ROWS,
    hxl: Tags = False,
) -> NeedsOut | Response:
    """
    Show what is needed in a round, by need, by the reason for it, or by needs and reasons crossed.

    `priority` asks for what was named first, second or third only; `format` sends all of it as a
    file.
    """
    of_round = await rounds.get(session, number, population)
    found = await service.named(
        session, number, population, level=level, parent=parent, by=by, priority=priority
    )
    about = of_rounds.about(of_round)
    if form != "json":
        table = files.table(about, population, level, by, hxl=hxl)
        where = await of_rounds.centroids(session, level) if form == "geojson" else {}
        return file_of(form, table, files.pages(found, about), where)
    end = cursor + limit
    following = str(end) if len(found) > end else None
    return NeedsOut(items=found[cursor:end], next_cursor=following, about=about)
