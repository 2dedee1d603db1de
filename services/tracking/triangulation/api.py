"""HTTP in and out for estimates and the choice between them; no decisions."""

from typing import Annotated

from fastapi import Query

from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.tracking.rounds.models import Population
from services.tracking.triangulation import service
from services.tracking.triangulation.models import (
    ChoiceIn,
    EstimateIn,
    EstimateOut,
    EstimatesOut,
    Triangulated,
    TriangulatedOut,
)

Number = Annotated[int, Query(ge=1, le=9999)]
Place = Annotated[str | None, Query(pattern=r"^[A-Z]{2}([0-9]{2}){1,4}$")]
MOST_FIGURES = 1000

estimates = Router(prefix="/v1/tracking/estimates", tags=["estimates"], route_class=Once)
triangulations = Router(
    prefix="/v1/tracking/triangulations", tags=["triangulations"], route_class=Once
)


@estimates.post("", status_code=201)
async def add_figure_estimate(
    form: EstimateIn, access: AccessDep, session: WriteSession
) -> EstimateOut:
    """Keep what one source says of a figure of a round."""
    found = await service.estimate(session, form, access)
    return EstimateOut.model_validate(found, from_attributes=True)


@estimates.get("")
async def list_figure_estimates(
    access: AccessDep,
    session: ReadSession,
    round_number: Annotated[int | None, Query(ge=1, le=9999)] = None,
    place: Place = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EstimatesOut:
    """List estimates; which informant said one is told to nobody."""
    found = await service.find(
        session, access, round_number=round_number, place=place, after=cursor, limit=limit + 1
    )
    page, following = next_cursor(found, limit)
    items = [EstimateOut.model_validate(each, from_attributes=True) for each in page]
    return EstimatesOut(items=items, next_cursor=following)


@triangulations.get("")
async def list_triangulations(
    session: ReadSession,
    round_number: Number,
    population: Population,
    place: Place = None,
    cursor: Annotated[
        str | None, Query(pattern=r"^[A-Z]{2}([0-9]{2}){1,4}~[A-Za-z0-9._:/-]{1,64}~.{0,64}$")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_FIGURES)] = 100,
) -> TriangulatedOut:
    """Show each figure with what all sources say of it, their spread, and what was chosen."""
    pcode, dimension, category = cursor.split("~", 2) if cursor else ("", "", "")
    found = await service.triangulated(
        session,
        round_number=round_number,
        population=population,
        place=place,
        after=(pcode, dimension, category) if cursor else None,
        limit=limit + 1,
    )
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    following = f"{last.place_pcode}~{last.dimension}~{last.category}" if last else None
    return TriangulatedOut(items=page, next_cursor=following)


@triangulations.post("", status_code=201)
async def choose_value(form: ChoiceIn, caller: CallerDep, session: WriteSession) -> Triangulated:
    """Choose the value of a figure from its estimates, and say how and why."""
    return await service.choose(session, form, caller)
