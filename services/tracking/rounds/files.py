"""The figures of a round as a file: its columns, its rows page by page, and where places are."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.db import Database
from services.tracking.formats.columns import (
    OF_THE_WHOLE,
    About,
    Column,
    Table,
    individuals,
    of_places,
)
from services.tracking.formats.writing import Points
from services.tracking.places import rules as places
from services.tracking.places.models import Place
from services.tracking.rounds import service
from services.tracking.rounds.models import Breakdown, FigureOut, Population, Round, RoundPlace

ROWS_A_PAGE = 5000


def about(found: Round) -> About:
    """Return what is said of every figure of a round."""
    return About(
        round_number=found.number,
        period=found.period,
        vintage=found.version,
        confidence="high",
    )


def columns(population: str, level: int, by: Breakdown | None) -> list[Column]:
    """Return the columns of figures of a level, in all or by a dimension."""
    told = of_places(level)
    if by:
        told.append(Column(by, f"#indicator+{by}"))
    return [
        *told,
        Column("value", individuals(population), "integer"),
        Column("source_count", "#meta+sources+num", "integer"),
        Column("confidence", "#meta+confidence"),
        Column("vintage", "#meta+vintage", "integer"),
        *OF_THE_WHOLE,
    ]


def table(found: Round, level: int, by: Breakdown | None, *, hxl: bool) -> Table:
    name = "-".join(
        ["round", str(found.number), found.population, f"level{level}", *([by] if by else [])]
    )
    return Table(name, columns(found.population, level, by), about(found), hxl)


async def pages(
    database: Database,
    found: Round,
    *,
    population: Population,
    level: int,
    by: Breakdown | None,
    parent: str | None,
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """Yield the rows in order, a page at a time, so that no round is in memory as a whole."""
    whole = about(found).model_dump()
    after = None
    while True:
        async with database.read() as session:
            page = await service.sums(
                session,
                found.number,
                population=population,
                level=level,
                by=by,
                parent=parent,
                after=after,
                limit=ROWS_A_PAGE,
            )
        yield [whole | _row(each, by) for each in page]
        if len(page) < ROWS_A_PAGE:
            return
        after = (page[-1].pcode, page[-1].category or "")


def _row(figure: FigureOut, by: Breakdown | None) -> dict[str, Any]:
    told = figure.model_dump(
        exclude={"by", "category", "category_name", "nationality"}, exclude_none=True
    )
    return told | ({by: figure.category} if by else {})


async def centroids(session: AsyncSession, level: int) -> Points:
    """Return where places of a level are: by the gazetteer, else amid the muhallas of rounds."""
    place = func.substr(RoundPlace.pcode, 1, places.length(level))
    told = (
        select(place, func.avg(RoundPlace.latitude), func.avg(RoundPlace.longitude))
        .where(
            col(RoundPlace.latitude).is_not(None),
            func.length(RoundPlace.pcode) >= places.length(level),
        )
        .group_by(place)
    )
    known = select(Place.pcode, Place.latitude, Place.longitude).where(
        col(Place.level) == level, col(Place.latitude).is_not(None)
    )
    points = {}
    for statement in (told, known):
        for pcode, latitude, longitude in (await session.exec(statement)).all():
            points[pcode] = float(latitude), float(longitude)
    return points
