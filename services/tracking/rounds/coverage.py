"""Which part of a change is only that other muhallas were assessed. Callers own the transaction."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.rows import insert_all
from services.tracking.places import rules as places
from services.tracking.rounds.models import CoverageChange, Figure, PlaceSum

TOTAL = "total"
LEVELS = range(4)
"""From the country to baladiyas; the figures of muhallas are their own sums."""
ABOVE_ALL = "Z"
"""It sorts after every digit of a p-code, in any collation."""

Cell = tuple[str, str, str]
"""A place, a dimension and a category."""
Pair = tuple[int, int]
"""The numbers of two rounds that are compared, the earlier first."""


def rows(*columns: Any) -> Any:
    """Select columns; rows of so many have no type that mypy can follow."""
    return select(*columns)


async def told(session: AsyncSession, number: int, population: str) -> set[str]:
    """Return the places above muhallas of which a round tells anything."""
    statement = rows(PlaceSum.pcode).where(
        col(PlaceSum.round_number) == number,
        col(PlaceSum.population) == population,
        col(PlaceSum.dimension) == TOTAL,
    )
    return {pcode for (pcode,) in await session.exec(statement)}


async def keep(
    session: AsyncSession,
    number: int,
    population: str,
    there: Collection[str],
    gone: Collection[str],
) -> None:
    """
    Compare a round anew with its neighbours, at the places that it tells of.

    The places that are `gone` from it have their neighbours compared with each other instead.
    """
    earlier = await _nearest(session, number, population, later=False)
    later = await _nearest(session, number, population, later=True)
    pairs: dict[Pair, set[str]] = defaultdict(set)
    for place in there:
        if place in earlier:
            pairs[earlier[place], number].add(place)
        if place in later:
            pairs[number, later[place]].add(place)
    for place in gone:
        if place in earlier and place in later:
            pairs[earlier[place], later[place]].add(place)
    await _forget(session, population, number, [*there, *gone])
    following: dict[int, set[str]] = defaultdict(set)
    for place in {*there, *gone} & later.keys():
        following[later[place]].add(place)
    for after, compared in following.items():
        await _forget(session, population, after, compared)
    for pair, compared in pairs.items():
        changes = await between(session, population, pair, compared)
        kept = [_row(population, pair[1], cell, value) for cell, value in changes.items() if value]
        if kept:
            await insert_all(session, CoverageChange, kept)


async def between(
    session: AsyncSession, population: str, pair: Pair, compared: Collection[str], within: str = ""
) -> Mapping[Cell, int]:
    """
    Return by how much each cell of places changed by muhallas that one of two rounds lacks.

    Muhallas that came in add all they count, those that fell out take away all they counted.
    """
    before, now = [await _assessed(session, number, population, within) for number in pair]
    changes = Counter[Cell]()
    for number, muhallas, sign in ((pair[1], now - before, 1), (pair[0], before - now, -1)):
        if not muhallas:
            continue
        figures = rows(Figure.pcode, Figure.dimension, Figure.category, Figure.value).where(
            col(Figure.round_number) == number,
            col(Figure.population) == population,
            col(Figure.pcode).in_(muhallas),
        )
        for pcode, dimension, category, value in await session.exec(figures):
            for level in LEVELS:
                place = pcode[: places.length(level)]
                if place in compared:
                    changes[place, dimension, category] += sign * value
    return changes


async def _assessed(session: AsyncSession, number: int, population: str, within: str) -> set[str]:
    statement = rows(Figure.pcode).where(
        col(Figure.round_number) == number,
        col(Figure.population) == population,
        col(Figure.dimension) == TOTAL,
        col(Figure.pcode).between(within, within + ABOVE_ALL),
    )
    return {pcode for (pcode,) in await session.exec(statement)}


async def _nearest(
    session: AsyncSession, number: int, population: str, *, later: bool
) -> dict[str, int]:
    """Return of each place the number of the nearest other round that tells of it."""
    at = col(PlaceSum.round_number)
    statement = (
        rows(PlaceSum.pcode, func.min(at) if later else func.max(at))
        .where(
            col(PlaceSum.population) == population,
            col(PlaceSum.dimension) == TOTAL,
            at > number if later else at < number,
        )
        .group_by(col(PlaceSum.pcode))
    )
    return dict((await session.exec(statement)).all())


async def _forget(
    session: AsyncSession, population: str, number: int, compared: Collection[str]
) -> None:
    await session.exec(
        delete(CoverageChange).where(
            col(CoverageChange.population) == population,
            col(CoverageChange.round_number) == number,
            col(CoverageChange.pcode).in_(compared),
        )
    )


def _row(population: str, number: int, cell: Cell, value: int) -> dict[str, Any]:
    pcode, dimension, category = cell
    return {
        "population": population,
        "dimension": dimension,
        "level": len(pcode) // 2 - 1,
        "pcode": pcode,
        "category": category,
        "round_number": number,
        "value": value,
    }
