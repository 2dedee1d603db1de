"""HTTP out for what is public of flows: without a token, kept by caches; no decisions."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from chassis.db import ReadSession, database_of
from chassis.operations import Router
from chassis.problems import not_found
from services.tracking.flowtables import files, reading, service
from services.tracking.flowtables.api import MOST_CELLS, After, after, following
from services.tracking.flowtables.models import (
    EACH,
    MONTH,
    FlowCellsOut,
    FlowPublication,
    FlowSuppressionOut,
    FlowVintageOut,
    FlowVintagesOut,
)
from services.tracking.formats.caching import (
    NEWEST_SECONDS,
    cached,
    kept_for,
    tagged,
    unchanged,
)
from services.tracking.formats.choice import OFFERED, Choice, Format, Tags
from services.tracking.formats.writing import file_of
from services.tracking.rounds.files import centroids

Month = Annotated[str, Path(pattern=MONTH)]
Vintage = Annotated[int | None, Query(ge=1, le=9999)]
Code = Annotated[str, Query(pattern=r"^([A-Z0-9]{3,4}|unknown)?$")]

router = Router(prefix="/v1/tracking/public/flows", tags=["public figures"])


@router.get("", response_model=FlowVintagesOut)
async def list_public_flows(
    request: Request,
    session: ReadSession,
    cursor: Annotated[str, Query(pattern=MONTH)] = "0",
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
) -> Response:
    """List the public months, each in its newest vintage."""
    found = await reading.newest(session, cursor, limit + 1)
    shown = FlowVintagesOut(
        items=[_vintage(each) for each in found[:limit]],
        next_cursor=found[limit - 1].month if len(found) > limit else None,
    )
    return cached(request, shown, NEWEST_SECONDS)


@router.get("/{month}", response_model=FlowVintagesOut)
async def list_public_flow_vintages(
    month: Month, request: Request, session: ReadSession
) -> Response:
    """List every vintage of a public month, the oldest first; all of them stay."""
    found = await service.vintages(session, month)
    if not found:
        raise not_found("published month")
    shown = FlowVintagesOut(items=[_vintage(each) for each in found], next_cursor=None)
    return cached(request, shown, NEWEST_SECONDS)


@router.get("/{month}/matrix", response_model=FlowCellsOut, responses=OFFERED)
async def get_public_flows(
    month: Month,
    request: Request,
    session: ReadSession,
    form: Choice,
    vintage: Vintage = None,
    cursor: After = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CELLS)] = MOST_CELLS,
    hxl: Tags = False,
) -> Response:
    """
    Show from where to where people were seen going, as it was frozen, with its sums.

    A hidden cell is there without its value. `format` sends all of it as a file.
    """
    found = await reading.public_month(session, month, vintage)
    seconds = kept_for(vintage)
    if form != "json":
        return await _file(request, session, form, found, seconds, hxl=hxl)
    page = await reading.cells(session, found, after(cursor), limit + 1)
    shown = FlowCellsOut(
        month=month,
        vintage=found.vintage,
        k=found.k,
        observed_hours=found.observed_hours,
        hours=found.hours,
        items=page[:limit],
        next_cursor=following(page, limit),
    )
    return cached(request, shown, seconds)


@router.get("/{month}/suppression", response_model=FlowSuppressionOut)
async def explain_flow_suppression(
    month: Month,
    request: Request,
    session: ReadSession,
    origin: Code = EACH,
    destination: Code = EACH,
    vintage: Vintage = None,
) -> Response:
    """
    Say by which rule a cell is hidden, and not what it holds.

    Without an origin, or a destination, the cell is the sum over all of them.
    """
    found = await reading.public_month(session, month, vintage)
    shown = await reading.suppression(session, found, (origin, destination))
    return cached(request, shown, kept_for(vintage))


async def _file(
    request: Request,
    session: ReadSession,
    form: Format,
    found: FlowPublication,
    seconds: int,
    *,
    hxl: bool,
) -> Response:
    headers = tagged(repr((found.id, form, hxl)).encode(), seconds)
    if known := unchanged(request, headers):
        return known
    where = await centroids(session, 1) if form == "geojson" else {}
    table = files.table(found, hxl=hxl)
    answer = file_of(form, table, files.pages(database_of(request), found), where)
    answer.headers.update(headers)
    return answer


def _vintage(found: FlowPublication) -> FlowVintageOut:
    return FlowVintageOut.model_validate(found.model_dump() | {"published_at": found.decided_at})
