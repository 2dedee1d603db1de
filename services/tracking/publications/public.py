"""HTTP out for what is public of rounds: without a token, kept by caches; no decisions."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from chassis.db import ReadSession
from services.tracking.publications import reading
from services.tracking.publications.api import AFTER, LEVELS, MOST_CELLS, page_of
from services.tracking.publications.models import (
    CellsOut,
    Publication,
    SuppressionOut,
    VintageOut,
    VintagesOut,
)
from services.tracking.rounds.api import PCODE, Number
from services.tracking.rounds.models import Dimension, Population

NEWEST_SECONDS = 300
"""So long a cache may show a vintage as the newest one when it is no more."""
VINTAGE_SECONDS = 86_400
Vintage = Annotated[int | None, Query(ge=1, le=9999)]
ANY_PLACE = r"^[A-Z]{2}([0-9]{2}){0,4}$"

router = APIRouter(prefix="/v1/tracking/public/rounds", tags=["public figures"])


@router.get("", response_model=VintagesOut)
async def list_public_rounds(
    request: Request,
    session: ReadSession,
    cursor: Annotated[int, Query(ge=0, le=9999)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
) -> Response:
    """List the public rounds, each in its newest vintage."""
    found = await reading.vintages(session, number=None, after=cursor, limit=limit + 1)
    following = str(found[limit - 1].round_number) if len(found) > limit else None
    shown = VintagesOut(items=[_vintage(each) for each in found[:limit]], next_cursor=following)
    return _cached(request, shown, NEWEST_SECONDS)


@router.get("/{number}", response_model=VintagesOut)
async def list_public_vintages(number: Number, request: Request, session: ReadSession) -> Response:
    """List every vintage of a public round, the oldest first; all of them stay."""
    found = await reading.vintages(session, number=number, after=0, limit=0)
    shown = VintagesOut(items=[_vintage(each) for each in found], next_cursor=None)
    return _cached(request, shown, NEWEST_SECONDS)


@router.get("/{number}/figures", response_model=CellsOut)
async def get_public_figures(
    number: Number,
    request: Request,
    session: ReadSession,
    level: Annotated[int, LEVELS],
    population: Population = "migrant",
    by: Dimension | None = None,
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    vintage: Vintage = None,
    cursor: Annotated[str | None, Query(pattern=AFTER)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CELLS)] = 1000,
) -> Response:
    """Show a public table as it was frozen; a hidden cell is there, without its value."""
    publication = await reading.public_round(session, number, population, vintage)
    page = page_of(level, by, parent, cursor, limit)
    found = await reading.cells(session, publication, page)
    last = found[limit - 1] if len(found) > limit else None
    shown = CellsOut(
        round_number=number,
        population=population,
        vintage=publication.vintage,
        items=found[:limit],
        next_cursor=f"{last.pcode}~{last.category or ''}" if last else None,
    )
    return _cached(request, shown, VINTAGE_SECONDS if vintage else NEWEST_SECONDS)


@router.get("/{number}/suppression", response_model=SuppressionOut)
async def explain_suppression(
    number: Number,
    request: Request,
    session: ReadSession,
    pcode: Annotated[str, Query(pattern=ANY_PLACE)],
    population: Population = "migrant",
    by: Dimension | None = None,
    category: Annotated[str, Query(pattern=r"^[a-zA-Z0-9_]{0,40}$")] = "",
    vintage: Vintage = None,
) -> Response:
    """Say by which rule a cell is hidden, and not what it holds."""
    publication = await reading.public_round(session, number, population, vintage)
    shown = await reading.suppression(session, publication, pcode, by, category)
    return _cached(request, shown, VINTAGE_SECONDS if vintage else NEWEST_SECONDS)


def _vintage(publication: Publication) -> VintageOut:
    told = publication.model_dump(include=set(VintageOut.model_fields))
    return VintageOut.model_validate(told | {"published_at": publication.decided_at})


def _cached(request: Request, shown: BaseModel, seconds: int) -> Response:
    """Return what is shown, or 304 to who has it already."""
    body = shown.model_dump_json().encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={seconds}"}
    seen = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    if {tag, f"W/{tag}", "*"} & seen:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
