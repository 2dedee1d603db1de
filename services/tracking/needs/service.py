"""What a round says of needs. Callers own the transaction."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.rows import put_all
from services.tracking.needs.models import By, NeedOut, RoundNeed
from services.tracking.needs.rules import Need
from services.tracking.places import rules as places
from services.tracking.places.known import COUNTRY
from services.tracking.rounds import service as rounds
from services.tracking.rounds.coverage import TOTAL
from services.tracking.rounds.models import Figure, Population

Group = tuple[str, str, str]
"""A place, a need and a reason; empty where it is not asked by."""


async def keep(session: AsyncSession, number: int, population: str, told: Collection[Need]) -> bool:
    """Keep what a round says of needs, whole; say whether it is new or other."""
    known = {
        Need(each.pcode, each.priority, each.need, each.reason)
        for each in (await session.exec(select(RoundNeed).where(*_of(number, population)))).all()
    }
    if known == set(told):
        return False
    await session.exec(delete(RoundNeed).where(*_of(number, population)))
    of_round = {"round_number": number, "population": population}
    rows: list[dict[str, Any]] = [of_round | each._asdict() for each in told]
    if rows:
        await put_all(session, RoundNeed, rows)
    return True


def _of(number: int, population: str) -> tuple[Any, ...]:
    return col(RoundNeed.round_number) == number, col(RoundNeed.population) == population


async def named(
    session: AsyncSession,
    number: int,
    population: Population,
    *,
    level: int,
    parent: str | None,
    by: By,
    priority: int | None = None,
) -> list[NeedOut]:
    """Return in how many places of each place a need is named, for a reason or for any."""
    length = places.length(level)
    found = await _found(session, number, population, parent)
    within: dict[Group, set[str]] = defaultdict(set)
    assessed: dict[str, set[str]] = defaultdict(set)
    for each in found:
        if len(each.pcode) < length:
            continue
        above = each.pcode[:length]
        assessed[above].add(each.pcode)
        if priority in {None, each.priority}:
            need = "" if by == "reason" else each.need
            reason = "" if by == "need" else each.reason
            within[above, need, reason].add(each.pcode)
    people = await _people(session, number, population)
    called = await rounds.names(session, number, assessed.keys())
    return [
        NeedOut(
            pcode=above,
            name=called[above][0],
            name_ar=called[above][1],
            level=level,
            population=population,
            need=need or None,
            reason=reason or None,
            priority=priority,
            places=len(below),
            places_assessed=len(assessed[above]),
            individuals=sum(people.get(pcode, 0) for pcode in below),
        )
        for (above, need, reason), below in sorted(within.items())
    ]


async def _found(
    session: AsyncSession, number: int, population: str, parent: str | None
) -> Sequence[RoundNeed]:
    statement = select(RoundNeed).where(*_of(number, population))
    if parent and parent != COUNTRY:
        statement = statement.where(col(RoundNeed.pcode).startswith(parent, autoescape=True))
    return (await session.exec(statement)).all()


async def _people(session: AsyncSession, number: int, population: str) -> dict[str, int]:
    statement = select(Figure.pcode, Figure.value).where(
        col(Figure.round_number) == number,
        col(Figure.population) == population,
        col(Figure.dimension) == TOTAL,
    )
    return dict((await session.exec(statement)).all())
