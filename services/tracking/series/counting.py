"""What the muhallas of imported rounds sum to, and what of it is only changed coverage."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple, get_args

from sqlalchemy import func, literal
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.rounds import coverage
from services.tracking.rounds.coverage import ABOVE_ALL, TOTAL, Pair, rows
from services.tracking.rounds.models import CoverageChange, Figure, PlaceSum, Population, Round
from services.tracking.rounds.periods import bounds

MUHALLA = 10
"""The length of a muhalla's p-code; its figures are kept as they are, those above it as sums."""
COUNTED = "mobility_tracking"
"""The component whose rounds are counted by muhalla."""


class Line(NamedTuple):
    """What a trend is of: a population in a place, in all or in one category of a dimension."""

    population: str
    pcode: str
    category: str


class Known(NamedTuple):
    """In which vintage a round is known, since when, and from when to when it was."""

    vintage: int
    since: date
    start: str | None
    end: str | None


class Counted(NamedTuple):
    """
    A figure of a round that this system holds: a sum of muhallas, or what was published of it.

    `places` is how many muhallas were assessed, none where that was not published; `coverage` is
    what it changed by since the line's round before only because other muhallas were assessed.
    """

    value: int
    places: int | None
    of_round: Known
    coverage: int = 0


@dataclass(frozen=True)
class Question:
    """
    Which trends are asked for.

    `length` is that of the p-codes that figures are told for, all of them within `place`;
    `as_of` leaves out what became known later. `published_only` takes rounds as they were
    published, with what is hidden as gaps, instead of counting them.
    """

    place: str
    length: int
    population: str | None = None
    by: str | None = None
    component: str = COUNTED
    first: int | None = None
    last: int | None = None
    as_of: date | None = None
    published_only: bool = False

    @property
    def level(self) -> int:
        return self.length // 2 - 1

    @property
    def dimension(self) -> str:
        return TOTAL if self.by in {None, "place"} else str(self.by)


Place = tuple[str, str]
"""A population and a p-code."""


async def counted(session: AsyncSession, question: Question) -> dict[Line, dict[int, Counted]]:
    """Return the sums of each line by round; a category that nobody is in counts none."""
    if question.component != COUNTED:
        return {}
    rounds = await _known(session, question)
    assessed: dict[Place, dict[int, int]] = defaultdict(dict)
    told: dict[Place, set[int]] = defaultdict(set)
    values: dict[Line, dict[int, int]] = defaultdict(dict)
    for population, pcode, category, number, dimension, value, muhallas in await _kept(
        session, question
    ):
        if dimension == TOTAL:
            assessed[population, pcode][number] = muhallas
        if dimension == question.dimension and (population, number) in rounds:
            told[population, pcode].add(number)
            values[Line(population, pcode, category)][number] = value
    changes = await _coverage(session, question, told, assessed)
    sums: dict[Line, dict[int, Counted]] = {}
    for line, of_line in values.items():
        place = line.population, line.pcode
        of_place, changed = assessed[place], changes.get(line, {})
        sums[line] = {
            number: Counted(
                of_line.get(number, 0),
                of_place.get(number, 0),
                rounds[line.population, number],
                changed.get(number, 0),
            )
            for number in told[place]
        }
    return sums


async def _known(session: AsyncSession, question: Question) -> dict[tuple[str, int], Known]:
    """Return the rounds that were known by the day that is asked for."""
    end = question.as_of or date.max
    found = (await session.exec(rows(Round))).scalars()
    return {
        (each.population, each.number): Known(each.version, since, *bounds(each.period))
        for each in found
        if (since := each.imported_at.date()) <= end
    }


async def _kept(session: AsyncSession, question: Question) -> Sequence[Any]:
    """Return totals and figures of the dimension, each with its muhallas."""
    table = Figure if question.length >= MUHALLA else PlaceSum
    muhallas = literal(1) if table is Figure else PlaceSum.places
    statement = _within(table, question, {TOTAL, question.dimension})
    statement = statement.add_columns(table.dimension, table.value, muhallas)
    found: Sequence[Any] = (await session.exec(statement)).all()
    return found


def _within(
    table: type[Figure | PlaceSum | CoverageChange], question: Question, dimensions: set[str]
) -> Any:
    """Select population, p-code, category and round of what a table has of dimensions."""
    populations = [question.population] if question.population else get_args(Population)
    statement = rows(table.population, table.pcode, table.category, table.round_number).where(
        col(table.population).in_(populations),
        col(table.dimension).in_(dimensions),
        col(table.pcode).between(question.place, question.place + ABOVE_ALL),
    )
    if table is Figure:
        return statement.where(func.length(Figure.pcode) == question.length)
    kept = PlaceSum if table is PlaceSum else CoverageChange
    return statement.where(col(kept.level) == question.level)


async def _coverage(
    session: AsyncSession,
    question: Question,
    told: Mapping[Place, set[int]],
    assessed: Mapping[Place, Mapping[int, int]],
) -> dict[Line, dict[int, int]]:
    """
    Return what each line changed by in a round because of muhallas that one of two did not assess.

    It is kept for neighbouring rounds of a place. Where a round between is not known on the day
    that is asked for, or does not tell this dimension, the other two are compared now.
    """
    if question.length >= MUHALLA or not any(len(numbers) > 1 for numbers in told.values()):
        return {}
    statement = _within(CoverageChange, question, {question.dimension})
    kept = await session.exec(statement.add_columns(CoverageChange.value))
    neighbours = {place: set(pairwise(sorted(numbers))) for place, numbers in assessed.items()}
    apart: dict[tuple[str, Pair], set[str]] = defaultdict(set)
    compared = set[tuple[Place, int]]()
    for place, numbers in told.items():
        for pair in pairwise(sorted(numbers)):
            if pair in neighbours.get(place, ()):
                compared.add((place, pair[1]))
            else:
                apart[place[0], pair].add(place[1])
    changes: dict[Line, dict[int, int]] = defaultdict(dict)
    for population, pcode, category, number, value in kept:
        if ((population, pcode), number) in compared:
            changes[Line(population, pcode, category)][number] = value
    for (population, pair), places in apart.items():
        found = await coverage.between(session, population, pair, places, question.place)
        for (pcode, dimension, category), value in found.items():
            if dimension == question.dimension:
                changes[Line(population, pcode, category)][pair[1]] = value
    return changes
