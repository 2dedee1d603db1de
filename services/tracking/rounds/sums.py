"""
The sums of a round's muhallas at every place above them, kept in the transaction of its figures.

Callers own the transaction. Whoever writes figures calls `keep` after it.
"""

from collections import Counter
from typing import Any

from sqlalchemy import delete, func, insert, literal, union_all
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.db import Database
from chassis.turns import take_turns
from services.tracking.places import rules as places
from services.tracking.rounds import coverage
from services.tracking.rounds.coverage import LEVELS, TOTAL, rows
from services.tracking.rounds.models import Figure, PlaceSum, Round

Totals = Counter[tuple[int, str, str, str]]


class SumsDisagreeError(Exception):
    """Sums are not those of their figures, so that neither may be kept."""


async def keep(session: AsyncSession, number: int, population: str) -> None:
    """Sum a round anew, and tell changed coverage apart from its neighbours; or raise."""
    # Two rounds taken in at once would not see that they are neighbours.
    await take_turns(session, f"sums {population}")
    await session.flush()
    before = await coverage.told(session, number, population)
    of_round = col(PlaceSum.round_number) == number, col(PlaceSum.population) == population
    await session.exec(delete(PlaceSum).where(*of_round))
    for level in reversed(LEVELS):
        await session.exec(_summed(level, number, population))
    await _refuse_disagreeing(session, number, population)
    after = await coverage.told(session, number, population)
    await coverage.keep(session, number, population, after, before - after)


def _summed(level: int, number: int, population: str) -> Any:
    """Sum what lies in the places of a level: the sums of those below them, and own figures."""
    length = func.length(Figure.pcode)
    figures = rows(
        Figure.dimension, Figure.pcode, Figure.category, Figure.value, literal(1).label("places")
    ).where(
        col(Figure.round_number) == number,
        col(Figure.population) == population,
        # Muhallas are summed to baladiyas and these further up, so that each is added up once.
        length >= places.length(level) if level == LEVELS[-1] else length == places.length(level),
    )
    below = rows(
        PlaceSum.dimension, PlaceSum.pcode, PlaceSum.category, PlaceSum.value, PlaceSum.places
    ).where(
        col(PlaceSum.round_number) == number,
        col(PlaceSum.population) == population,
        col(PlaceSum.level) == level + 1,
    )
    parts = union_all(figures, below).subquery().c
    place = func.substr(parts.pcode, 1, places.length(level))
    summed = rows(
        literal(population),
        literal(number),
        literal(level),
        *(parts.dimension, place, parts.category),
        *(func.sum(parts.value), func.sum(parts.places)),
    ).group_by(parts.dimension, place, parts.category)
    names = ["population", "round_number", "level", "dimension", "pcode", "category"]
    return insert(PlaceSum).from_select([*names, "value", "places"], summed)


async def _refuse_disagreeing(session: AsyncSession, number: int, population: str) -> None:
    """Raise unless each level holds every figure of each category once."""
    length = func.length(Figure.pcode)
    figures = await _totals(session, Figure, func.count(), length, number, population)
    sums = await _totals(
        session, PlaceSum, func.sum(PlaceSum.places), col(PlaceSum.level), number, population
    )
    for level in LEVELS:
        of_level = Totals()
        for (longest, dimension, category, what), value in figures.items():
            if longest >= places.length(level):
                of_level[level, dimension, category, what] += value
        if of_level != Totals({each: sums[each] for each in sums if each[0] == level}):
            detail = f"Level {level} of round {number} ({population}) does not sum."
            raise SumsDisagreeError(detail)


async def _totals(
    session: AsyncSession,
    table: type[Figure | PlaceSum],
    places_counted: Any,
    depth: Any,
    number: int,
    population: str,
) -> Totals:
    """Return people and muhallas of each category, by level of a sum or length of a p-code."""
    groups = depth, table.dimension, table.category
    statement = (
        rows(*groups, func.sum(table.value), places_counted)
        .where(col(table.round_number) == number, col(table.population) == population)
        .group_by(*groups)
    )
    totals = Totals()
    for at, dimension, category, people, counted in await session.exec(statement):
        totals[at, dimension, category, "people"] += int(people)
        totals[at, dimension, category, "muhallas"] += int(counted)
    return totals


async def keep_missing(database: Database) -> None:
    """Sum the rounds whose country does not sum to their people: those of an earlier release."""
    country = (
        (col(PlaceSum.population) == col(Round.population))
        & (col(PlaceSum.dimension) == TOTAL)
        & (col(PlaceSum.level) == 0)
        & (col(PlaceSum.round_number) == col(Round.number))
    )
    whole = func.coalesce(func.sum(PlaceSum.value), -1)
    missing = (
        rows(Round.number, Round.population)
        .outerjoin(PlaceSum, country)
        .group_by(col(Round.number), col(Round.population), col(Round.individuals))
        .having(whole != col(Round.individuals))
        .order_by(col(Round.number))
    )
    async with database.read() as session:
        unsummed = (await session.exec(missing)).all()
    for number, population in unsummed:
        async with database.write() as session:
            await keep(session, number, population)
