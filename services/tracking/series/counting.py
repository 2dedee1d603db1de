"""What the muhallas of imported rounds sum to, and which of them a round did not assess."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.rounds.models import Figure, Round
from services.tracking.rounds.service import TOTAL
from services.tracking.series.changes import Edge

ABOVE_ALL = "Z"
"""It sorts after every digit of a p-code, in any collation."""
COUNTED = "mobility_tracking"
"""The component whose rounds are counted by muhalla."""


class Line(NamedTuple):
    """What a trend is of: a population in a place, in all or in one category of a dimension."""

    population: str
    pcode: str
    category: str


class Counted(NamedTuple):
    """
    A figure of a round that this system holds: a sum of muhallas, or what was published of it.

    `places` is how many muhallas were assessed, none where that was not published.
    """

    value: int
    places: int | None
    vintage: int
    known_since: date


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
    def dimension(self) -> str:
        return TOTAL if self.by in {None, "place"} else str(self.by)


def may_be_known(question: Question) -> ColumnElement[bool]:
    """Say which imported rounds were known by the day that is asked for."""
    end = datetime.combine(question.as_of or date.max, time.max, UTC)
    return col(Round.imported_at) <= end


async def counted(session: AsyncSession, question: Question) -> dict[Line, dict[int, Counted]]:
    """Return the sums of each line by round; a category that nobody is in counts none."""
    if question.component != COUNTED:
        return {}
    found = await session.exec(_select(Round).where(may_be_known(question)))
    rounds = {
        (each.population, each.number): (each.version, each.imported_at.date())
        for each in found.scalars()
    }
    assessed: dict[tuple[str, str, int], int] = {
        (population, pcode, number): muhallas
        for population, pcode, number, muhallas in await _grouped(
            session, question, TOTAL, func.count()
        )
    }
    sums: dict[Line, dict[int, Counted]] = defaultdict(dict)
    told = set()
    for population, pcode, category, number, value in await _grouped(
        session, question, question.dimension, func.sum(Figure.value), Figure.category
    ):
        told.add((population, pcode, number))
        sums[Line(population, pcode, category)][number] = Counted(
            int(value),
            assessed.get((population, pcode, number), 0),
            *rounds[population, number],
        )
    for line, of_rounds in sums.items():
        for population, pcode, number in told:
            if (population, pcode) == line[:2] and number not in of_rounds:
                muhallas = assessed.get((population, pcode, number), 0)
                of_rounds[number] = Counted(0, muhallas, *rounds[population, number])
    return sums


async def edges(session: AsyncSession, question: Question) -> dict[Line, list[Edge]]:
    """Return the figures of muhallas that the round before, or the one after, did not assess."""
    if question.component != COUNTED:
        return {}
    place = _place(question)
    position = func.dense_rank().over(
        partition_by=[Figure.population, place], order_by=col(Figure.round_number)
    )
    ranked = _within(
        _select(Figure.population, Figure.pcode, Figure.round_number, position.label("position")),
        question,
        TOTAL,
    ).subquery()
    of_muhalla: dict[str, Any] = {
        "partition_by": [ranked.c.population, ranked.c.pcode],
        "order_by": ranked.c.round_number,
    }
    seen = _select(
        ranked,
        func.lag(ranked.c.position).over(**of_muhalla).label("before"),
        func.lead(ranked.c.position).over(**of_muhalla).label("after"),
    ).subquery()
    alone = (func.coalesce(seen.c.before, 0) != seen.c.position - 1) | (
        func.coalesce(seen.c.after, 0) != seen.c.position + 1
    )
    found = (await session.exec(_select(seen).where(alone))).all()
    return await _valued(session, question, found) if found else {}


async def _valued(
    session: AsyncSession, question: Question, found: Sequence[Any]
) -> dict[Line, list[Edge]]:
    known = {(row.population, row.pcode, row.round_number): row for row in found}
    values = _select(
        Figure.population, Figure.pcode, Figure.category, Figure.round_number, Figure.value
    ).where(
        col(Figure.dimension) == question.dimension,
        col(Figure.pcode).in_({pcode for _, pcode, _ in known}),
        col(Figure.round_number).in_({number for _, _, number in known}),
    )
    lines: dict[Line, list[Edge]] = defaultdict(list)
    for population, pcode, category, number, value in await session.exec(values):
        if row := known.get((population, pcode, number)):
            edge = Edge(
                number, row.before != row.position - 1, row.after != row.position + 1, value
            )
            lines[Line(population, pcode[: question.length], category)].append(edge)
    return lines


async def _grouped(
    session: AsyncSession, question: Question, dimension: str, what: Any, *more: Any
) -> Sequence[Any]:
    groups = [Figure.population, _place(question), *more, Figure.round_number]
    statement = _within(_select(*groups, what), question, dimension).group_by(*groups)
    rows: Sequence[Any] = (await session.exec(statement)).all()
    return rows


def _within(statement: Any, question: Question, dimension: str) -> Any:
    """Narrow a select of figures to those of a question, in the rounds that it may know."""
    of_round = (col(Round.number) == col(Figure.round_number)) & (
        col(Round.population) == col(Figure.population)
    )
    statement = statement.join_from(Figure, Round, of_round).where(
        may_be_known(question),
        col(Figure.dimension) == dimension,
        col(Figure.pcode).between(question.place, question.place + ABOVE_ALL),
        func.length(Figure.pcode) >= question.length,
    )
    if question.population:
        statement = statement.where(col(Figure.population) == question.population)
    return statement


def _place(question: Question) -> Any:
    return func.substr(Figure.pcode, 1, question.length).label("place")


def _select(*columns: Any) -> Any:
    # Rows of so many columns have no type that mypy can follow.
    return select(*columns)
