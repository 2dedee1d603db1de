"""HTTP in and out for indices, scores and planning figures; no decisions."""

from typing import Annotated

from fastapi import Query, Response

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.tracking.indices import planning, service
from services.tracking.indices.definitions import definitions
from services.tracking.indices.models import (
    DefinitionsOut,
    Index,
    PlanningOut,
    ScoreIn,
    ScoreOut,
    ScoresOut,
)
from services.tracking.places import rules as places
from services.tracking.rounds.models import Population

router = Router(prefix="/v1/tracking", tags=["indices"], route_class=Once)

Place = Annotated[str | None, Query(pattern=r"^LY([0-9]{2}){0,4}$")]
MOST_ROWS = 5000


@router.get("/indices")
async def list_indices() -> DefinitionsOut:
    """List every version of every index: its scales, indicators, points and bands."""
    return DefinitionsOut(items=list(definitions().values()), next_cursor=None)


@router.post("/index-scores", status_code=201, responses={200: {"model": ScoreOut}})
async def record_index_score(
    form: ScoreIn, response: Response, caller: CallerDep, session: WriteSession
) -> ScoreOut:
    """Keep what was answered about a place, and explain the score that follows."""
    row, is_new = await service.keep(session, form, caller)
    response.status_code = 201 if is_new else 200
    return service.shown(row)


@router.get("/index-scores")
async def list_index_scores(
    session: ReadSession,
    index: Index | None = None,
    place: Place = None,
    round_number: Annotated[int | None, Query(ge=1, le=9999)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ScoresOut:
    """List scores with every vintage and their explanation; `place` has all below it with it."""
    found = await service.find(
        session, index=index, place=place, number=round_number, after=cursor, limit=limit + 1
    )
    page, following = next_cursor(found, limit)
    return ScoresOut(items=[service.shown(each) for each in page], next_cursor=following)


@router.get("/planning-figures")
async def list_planning_figures(
    session: ReadSession,
    round_number: Annotated[int, Query(ge=1, le=9999)],
    population: Population = "idp",
    level: Annotated[int, Query(ge=0, le=4)] = 2,
    place: Place = None,
    cursor: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = MOST_ROWS,
) -> PlanningOut:
    """Show people in need by place and sector in a round; what nobody assessed is null."""
    rows = await planning.in_need(
        session,
        population=population,
        number=round_number,
        length=places.length(level),
        place=place,
    )
    end = cursor + limit
    following = str(end) if len(rows) > end else None
    _, newest = max(key for key in definitions() if key[0] == planning.INDEX)
    assumptions = definitions()[planning.INDEX, newest].assumptions
    return PlanningOut(items=rows[cursor:end], next_cursor=following, assumptions=assumptions)
