"""What can be done with rounds. Callers own the transaction."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, func, literal, union_all
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.clock import now
from chassis.problems import not_found
from chassis.rows import insert_all, put, put_all
from contracts.tracking import RoundImported
from services.tracking.places import rules as places
from services.tracking.places.models import Place
from services.tracking.places.spelling import folded
from services.tracking.rounds import sums as kept_sums
from services.tracking.rounds import versions
from services.tracking.rounds.counts import Key, RoundCounts
from services.tracking.rounds.coverage import TOTAL
from services.tracking.rounds.labels import PCODE, PLACES
from services.tracking.rounds.models import (
    Breakdown,
    Figure,
    FigureOut,
    PlaceSum,
    Population,
    Round,
    RoundPlace,
)
from services.tracking.rounds.versions import Why
from services.tracking.triangulation import service as triangulation
from services.tracking.triangulation.rules import confidence

POPULATION: Population = "migrant"
"""Whom a request means that names nobody."""
MUHALLA = 4
COUNTRY = {"LY": ("Libya", "ليبيا")}


async def known_places(session: AsyncSession) -> set[str]:
    return set((await session.exec(select(Place.pcode))).all())


async def named_places(session: AsyncSession) -> dict[str, str]:
    """Return p-codes by names as they sound: of several places with one name, the largest."""
    found = select(Place.pcode, Place.level, Place.name_en, Place.name_ar)
    levels: dict[int, dict[str, set[str]]] = {}
    for pcode, level, *names in await session.exec(found):
        for name in names:
            levels.setdefault(level, {}).setdefault(folded(name), set()).add(pcode)
    named: dict[str, str] = {}
    for level in sorted(levels, reverse=True):
        for name, pcodes in levels[level].items():
            # One of several on a level would be a guess.
            named.pop(name, None)
            if len(pcodes) == 1:
                named[name] = next(iter(pcodes))
    return named


async def restate(session: AsyncSession, told: RoundCounts, why: Why = Why()) -> set[Key]:
    """Keep a population's round as it is told, whole; return the figures that were new or other."""
    number, population = told.number, told.population
    changed = await versions.changed(session, told)
    before = await session.get(Round, (number, population))
    if not changed:
        if before and versions.has_moved(told, before):
            await _put(session, told, before, changed, why)
        return changed
    of_round = (col(Figure.round_number) == number, col(Figure.population) == population)
    await session.exec(delete(Figure).where(*of_round))
    await insert_all(session, Figure, _rows(told))
    await put_all(session, RoundPlace, _places(told))
    await _put(session, told, before, changed, why)
    await kept_sums.keep(session, number, population)
    return changed


async def _put(
    session: AsyncSession, told: RoundCounts, before: Round | None, changed: set[Key], why: Why
) -> None:
    """Keep what a round comes to as its next version, and say so."""
    number, population = told.number, told.population
    version = before.version + 1 if before else 1
    found = Round(
        number=number,
        population=population,
        period=told.period or (before.period if before else None),
        individuals=told.individuals,
        places=told.places,
        version=version,
        imported_at=now(),
    )
    versions.keep(session, found, before, changed, why)
    await put(session, found)
    event = RoundImported(round_number=number, population=population, individuals=told.individuals)
    outbox.publish(session, event, subject=f"{population}-{number}", sequence=version)


def _rows(told: RoundCounts) -> list[dict[str, Any]]:
    of_round = {"round_number": told.number, "population": told.population}
    return [
        of_round | {"pcode": pcode, "dimension": dimension, "category": category, "value": value}
        for (pcode, dimension, category), value in told.figures.items()
    ]


def _places(told: RoundCounts) -> list[dict[str, Any]]:
    """Return what the round calls each place, and where it puts it."""
    found = []
    for pcode, (name_en, name_ar) in told.names.items():
        called = {"name_en": name_en, "name_ar": name_ar or name_en}
        latitude, longitude = told.points.get(pcode, (None, None))
        at = {"latitude": latitude, "longitude": longitude}
        found.append({"round_number": told.number, "pcode": pcode} | called | at)
    return found


async def get(session: AsyncSession, number: int, population: str = POPULATION) -> Round:
    found = await session.get(Round, (number, population))
    if found is None:
        raise not_found("round")
    return found


async def refuse_unknown(session: AsyncSession, number: int) -> None:
    """Raise 404 for a round of which no population was counted."""
    of_number = select(Round.number).where(col(Round.number) == number).limit(1)
    if (await session.exec(of_number)).first() is None:
        raise not_found("round")


async def find(session: AsyncSession, after: tuple[int, str], limit: int) -> Sequence[Round]:
    number, population = col(Round.number), col(Round.population)
    at, last = after
    further = (number > at) | ((number == at) & (population > last))
    statement = select(Round).where(further).order_by(number, population)
    return (await session.exec(statement.limit(limit))).all()


async def sums(
    session: AsyncSession,
    number: int,
    *,
    population: Population,
    level: int,
    by: Breakdown | None,
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
            # What was counted by baladiya is not known by muhalla.
            func.length(table.pcode) >= places.length(level),
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
    places_told = {pcode for pcode, _, _ in rows}
    if by in PLACES:
        places_told |= {category for _, category, _ in rows if PCODE.fullmatch(category)}
    called = await names(session, number, places_told)
    found = [
        FigureOut(
            pcode=pcode,
            name=called[pcode][0],
            name_ar=called[pcode][1],
            level=level,
            population=population,
            value=int(value),
            by=by,
            category=category or None,
            category_name=called[category][0] if by in PLACES and category in called else None,
            nationality=category if by == "nationality" else None,
        )
        for pcode, category, value in rows
    ]
    if table is Figure:
        await _tell_sources(session, number, population, found)
    return found


async def _tell_sources(
    session: AsyncSession, number: int, population: str, found: Sequence[FigureOut]
) -> None:
    """Say of each figure that was chosen from estimates how many they were and how good it is."""
    pcodes = {each.pcode for each in found}
    chosen = await triangulation.chosen_values(session, number, population, pcodes)
    for each in found:
        choice = chosen.get((each.pcode, each.by or TOTAL, each.category or ""))
        # A workbook that came in later may tell another value.
        if choice and choice.value == each.value:
            each.source_count = choice.estimates
            each.confidence = confidence(
                choice.estimates, choice.lowest, choice.highest, choice.value
            )


async def names(
    session: AsyncSession, number: int, pcodes: Collection[str]
) -> dict[str, tuple[str, str]]:
    wanted = set(pcodes)
    told = select(literal(0), RoundPlace.pcode, RoundPlace.name_en, RoundPlace.name_ar).where(
        col(RoundPlace.round_number) == number, col(RoundPlace.pcode).in_(wanted)
    )
    known = select(literal(1), Place.pcode, Place.name_en, Place.name_ar).where(
        col(Place.pcode).in_(wanted)
    )
    # One question and not two: a table that is read for the first time waits for each of them.
    both: Any = union_all(told, known)
    rows = (await session.exec(both)).all()
    called = {pcode: (pcode, pcode) for pcode in wanted} | COUNTRY
    return called | {pcode: (en, ar) for _, pcode, en, ar in sorted(rows)}
