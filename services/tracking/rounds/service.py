"""What can be done with rounds. Callers own the transaction."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.clock import now
from chassis.db import put
from chassis.problems import not_found
from contracts.tracking import RoundImported
from services.tracking.places import rules as places
from services.tracking.places.models import Place
from services.tracking.rounds import sums as kept_sums
from services.tracking.rounds.coverage import TOTAL
from services.tracking.rounds.models import (
    Dimension,
    Figure,
    FigureOut,
    PlaceSum,
    Population,
    Round,
    RoundPlace,
)
from services.tracking.rounds.workbook import Counted, Workbook

POPULATION: Population = "migrant"
MUHALLA = 4

Key = tuple[str, str, str]


def counts(row: Counted) -> dict[Key, int]:
    """Return what one row of the workbook says, by place, dimension and category."""
    if row.nationality is not None:
        return {(row.pcode, "nationality", row.nationality): row.total}
    told = {(row.pcode, TOTAL, ""): row.total}
    for dimension, group in row.groups.items():
        told |= {
            (row.pcode, dimension, category): value for category, value in group.items() if value
        }
    return told


def figures(book: Workbook) -> dict[Key, int]:
    """Return every figure of a round at the level of muhallas; what a workbook repeats adds up."""
    summed: dict[Key, int] = {}
    for row in (*book.muhallas, *book.nationalities):
        for key, value in counts(row).items():
            summed[key] = summed.get(key, 0) + value
    return summed


async def known_places(session: AsyncSession) -> set[str]:
    return set((await session.exec(select(Place.pcode))).all())


async def restate(session: AsyncSession, book: Workbook) -> set[Key]:
    """Keep the round as the workbook has it, whole; return the figures that were new or other."""
    wanted = figures(book)
    known = await _kept(session, book.number)
    changed = {key for key in wanted.keys() | known.keys() if wanted.get(key) != known.get(key)}
    if not changed:
        return changed
    before = await session.get(Round, (book.number, POPULATION))
    await session.exec(delete(Figure).where(col(Figure.round_number) == book.number))
    session.add_all(
        Figure(
            round_number=book.number,
            population=POPULATION,
            pcode=pcode,
            dimension=dimension,
            category=category,
            value=value,
        )
        for (pcode, dimension, category), value in wanted.items()
    )
    for pcode, (name_en, name_ar) in book.names.items():
        latitude, longitude = book.points.get(pcode, (None, None))
        place = RoundPlace(
            round_number=book.number,
            pcode=pcode,
            name_en=name_en,
            name_ar=name_ar or name_en,
            latitude=latitude,
            longitude=longitude,
        )
        await put(session, place)
    version = before.version + 1 if before else 1
    individuals = sum(row.total for row in book.muhallas)
    await put(
        session,
        Round(
            number=book.number,
            population=POPULATION,
            period=book.period,
            individuals=individuals,
            places=len(book.muhallas),
            version=version,
            imported_at=now(),
        ),
    )
    await kept_sums.keep(session, book.number, POPULATION)
    event = RoundImported(round_number=book.number, population=POPULATION, individuals=individuals)
    outbox.publish(session, event, subject=f"{POPULATION}-{book.number}", sequence=version)
    return changed


async def _kept(session: AsyncSession, number: int) -> dict[Key, int]:
    statement = select(Figure.pcode, Figure.dimension, Figure.category, Figure.value).where(
        col(Figure.round_number) == number, col(Figure.population) == POPULATION
    )
    return {(pcode, dim, cat): value for pcode, dim, cat, value in await session.exec(statement)}


async def get(session: AsyncSession, number: int) -> Round:
    found = await session.get(Round, (number, POPULATION))
    if found is None:
        raise not_found("round")
    return found


async def find(session: AsyncSession, after: int, limit: int) -> Sequence[Round]:
    statement = select(Round).where(col(Round.number) > after).order_by(col(Round.number))
    return (await session.exec(statement.limit(limit))).all()


async def sums(
    session: AsyncSession,
    number: int,
    *,
    population: Population,
    level: int,
    by: Dimension | None,
    parent: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> list[FigureOut]:
    """
    Return figures summed to a level, in order of p-code and category.

    A muhalla lies in the places whose p-codes its own begins with, so every level sums to the
    same whole, also for muhallas that the gazetteer lacks.
    """
    # Of a parent below the level, what lies in the parent alone is told.
    deepest = max(level, len(parent) // 2 - 1) if parent else level
    table = PlaceSum if deepest < MUHALLA else Figure
    place: Any = col(table.pcode)
    if deepest > level:
        place = func.substr(table.pcode, 1, places.length(level))
    category = col(table.category)
    statement: Any = (
        select(place, category, table.value)
        .where(
            col(table.round_number) == number,
            col(table.population) == population,
            col(table.dimension) == (by or TOTAL),
        )
        .order_by(place, category)
        .limit(limit)
    )
    if deepest < MUHALLA:
        statement = statement.where(col(PlaceSum.level) == deepest)
    if parent:
        statement = statement.where(col(table.pcode).startswith(parent, autoescape=True))
    if after:
        at, last = after
        statement = statement.where((place > at) | ((place == at) & (category > last)))
    rows = (await session.exec(statement)).all()
    called = await names(session, number, {pcode for pcode, _, _ in rows})
    return [
        FigureOut(
            pcode=pcode,
            name=called[pcode][0],
            name_ar=called[pcode][1],
            level=level,
            population=population,
            value=int(value),
            by=by,
            category=category or None,
            nationality=category if by == "nationality" else None,
        )
        for pcode, category, value in rows
    ]


async def names(
    session: AsyncSession, number: int, pcodes: Collection[str]
) -> dict[str, tuple[str, str]]:
    told = select(RoundPlace.pcode, RoundPlace.name_en, RoundPlace.name_ar).where(
        col(RoundPlace.round_number) == number, col(RoundPlace.pcode).in_(set(pcodes))
    )
    known = select(Place.pcode, Place.name_en, Place.name_ar).where(
        col(Place.pcode).in_(set(pcodes))
    )
    called = {pcode: (pcode, pcode) for pcode in pcodes}
    for statement in (told, known):
        called |= {pcode: (en, ar) for pcode, en, ar in await session.exec(statement)}
    return called
