"""HTTP out for what is public of rounds: without a token, kept by caches; no decisions."""

from typing import Annotated, NamedTuple

from fastapi import Query, Request, Response

from chassis.db import ReadSession, database_of
from chassis.operations import Router
from services.tracking.formats.caching import (
    NEWEST_SECONDS,
    cached,
    kept_for,
    tagged,
    unchanged,
)
from services.tracking.formats.choice import OFFERED, Choice, Format, Tags
from services.tracking.formats.writing import file_of
from services.tracking.publications import files, reading
from services.tracking.publications.api import AFTER, LEVELS, MOST_CELLS, page_of
from services.tracking.publications.models import (
    CellsOut,
    Publication,
    SuppressionOut,
    VintageOut,
    VintagesOut,
)
from services.tracking.publications.reading import Page
from services.tracking.rounds.api import PCODE, Number
from services.tracking.rounds.files import centroids
from services.tracking.rounds.models import Dimension, Population

Vintage = Annotated[int | None, Query(ge=1, le=9999)]
ANY_PLACE = r"^[A-Z]{2}([0-9]{2}){0,4}$"


class Of(NamedTuple):
    """Of what a file is made, and how long caches may keep it."""

    publication: Publication
    page: Page
    seconds: int
    hxl: bool


router = Router(prefix="/v1/tracking/public/rounds", tags=["public figures"])


@router.get("", response_model=VintagesOut)
async def list_public_rounds(
    request: Request,
    session: ReadSession,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,4}~[a-z]{1,20}$")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
) -> Response:
    """List the public rounds, each in its newest vintage."""
    at, _, last = (cursor or "0~").partition("~")
    found = await reading.newest(session, after=(int(at), last), limit=limit + 1)
    page = found[:limit]
    following = f"{page[-1].round_number}~{page[-1].population}" if len(found) > limit else None
    shown = VintagesOut(items=[_vintage(each) for each in page], next_cursor=following)
    return cached(request, shown, NEWEST_SECONDS)


@router.get("/{number}", response_model=VintagesOut)
async def list_public_vintages(number: Number, request: Request, session: ReadSession) -> Response:
    """List every vintage of a public round, the oldest first; all of them stay."""
    found = await reading.vintages(session, number)
    shown = VintagesOut(items=[_vintage(each) for each in found], next_cursor=None)
    return cached(request, shown, NEWEST_SECONDS)


@router.get("/{number}/figures", response_model=CellsOut, responses=OFFERED)
async def get_public_figures(
    number: Number,
    request: Request,
    session: ReadSession,
    form: Choice,
    level: Annotated[int, LEVELS],
    population: Population = "migrant",
    by: Dimension | None = None,
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    vintage: Vintage = None,
    cursor: Annotated[str | None, Query(pattern=AFTER)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CELLS)] = 1000,
    hxl: Tags = False,
) -> Response:
    """
    Show a public table as it was frozen; a hidden cell is there, without its value.

    `format` sends all of it as a file.
    """
    publication = await reading.public_round(session, number, population, vintage)
    page = page_of(level, by, parent, cursor, limit)
    seconds = kept_for(vintage)
    if form != "json":
        whole = page_of(level, by, parent, None, 0)
        return await _file(request, session, form, Of(publication, whole, seconds, hxl))
    found = await reading.cells(session, publication, page)
    last = found[limit - 1] if len(found) > limit else None
    shown = CellsOut(
        round_number=number,
        population=population,
        vintage=publication.vintage,
        items=found[:limit],
        next_cursor=f"{last.pcode}~{last.category or ''}" if last else None,
    )
    return cached(request, shown, seconds)


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
    return cached(request, shown, kept_for(vintage))


def _vintage(publication: Publication) -> VintageOut:
    told = publication.model_dump(include=set(VintageOut.model_fields))
    return VintageOut.model_validate(told | {"published_at": publication.decided_at})


async def _file(request: Request, session: ReadSession, form: Format, of: Of) -> Response:
    """Return the whole of a public table, or 304: what is frozen is the same each time."""
    kind = repr((of.publication.id, form, of.page, of.hxl))
    headers = tagged(kind.encode(), of.seconds)
    if known := unchanged(request, headers):
        return known
    table = files.table(of.publication, of.page, hxl=of.hxl)
    where = await centroids(session, of.page.level) if form == "geojson" else {}
    pages = files.pages(database_of(request), of.publication, of.page)
    answer = file_of(form, table, pages, where)
    answer.headers.update(headers)
    return answer
