"""Figures across rounds: what was published, else what the muhallas of imported rounds sum to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, union_all
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.rounds.coverage import ABOVE_ALL, TOTAL
from services.tracking.rounds.models import Round
from services.tracking.series import counting, public
from services.tracking.series.counting import COUNTED, Counted, Line, Question
from services.tracking.series.models import PublishedFigure, TrendPoint

OF_A_SOURCE = {
    *("period_start", "period_end", "value", "basis", "source", "source_count", "confidence"),
    *("vintage", "known_since"),
}
"""What a point tells of a published figure that it shows."""


async def trend(session: AsyncSession, question: Question) -> list[TrendPoint]:
    """Return each line's figure in every round from the first known to the last, gaps as gaps."""
    published = {} if question.dimension != TOTAL else await _published(session, question)
    if question.published_only:
        counted = await public.cells(session, question)
        # What a source told elsewhere of a figure is not told here where the figure is hidden.
        for line, number in await public.hidden(session, question):
            published.get(line, {}).pop(number, None)
    else:
        counted = await counting.counted(session, question)
    rounds = await _rounds(session, question)
    points = []
    for line in sorted(published.keys() | counted.keys()):
        of_line = _of_line(question, line)
        sums, sources = counted.get(line, {}), published.get(line, {})
        before: TrendPoint | None = None
        for number in rounds:
            told = _figure(sources.get(number), sums.get(number))
            if before and told:
                told |= _change(told["value"], number, before, sums)
            point = TrendPoint(**of_line, round_number=number, **told)
            if told:
                before = point
            points.append(point)
    return points


def _of_line(question: Question, line: Line) -> dict[str, Any]:
    return {
        "component": question.component,
        "population": line.population,
        "pcode": line.pcode,
        "by": question.by,
        "category": line.category or (line.pcode if question.by == "place" else None),
    }


def _figure(one: PublishedFigure | None, counted: Counted | None) -> dict[str, Any]:
    """Return what was published, else what was counted; nothing where neither is known."""
    if one:
        told = one.model_dump(include=OF_A_SOURCE)
        return told | {"places": counted.places} if counted else told
    if counted:
        return {
            "value": counted.value,
            "places": counted.places,
            "basis": "dataset",
            "confidence": "high",
            "vintage": counted.of_round.vintage,
            "known_since": counted.of_round.since,
            "period_start": counted.of_round.start,
            "period_end": counted.of_round.end,
        }
    return {}


def _change(
    value: int, number: int, before: TrendPoint, sums: Mapping[int, Counted]
) -> dict[str, int]:
    change = value - (before.value or 0)
    told = {"previous_round": before.round_number, "change": change}
    now, then = sums.get(number), sums.get(before.round_number)
    # What was published may differ from the sum of the muhallas; then nobody knows which part.
    if now and then and _is_sum(value, now) and _is_sum(before.value, then):
        told |= {"change_coverage": now.coverage, "change_same_places": change - now.coverage}
    return told


def _is_sum(value: int | None, counted: Counted) -> bool:
    return counted.places is not None and counted.value == value


async def _rounds(session: AsyncSession, question: Question) -> Sequence[int]:
    """Return the numbers of all rounds between the first and the last that anything is known of."""
    told: Any = select(PublishedFigure.round_number).where(
        col(PublishedFigure.component) == question.component
    )
    if question.component == COUNTED:
        told = union_all(told, select(Round.number))
    number = told.subquery().c.round_number
    first, last = (await session.exec(select(func.min(number), func.max(number)))).one()
    if first is None:
        return []
    return range(max(first, question.first or 0), min(last, question.last or last) + 1)


async def _published(
    session: AsyncSession, question: Question
) -> dict[Line, dict[int, PublishedFigure]]:
    """Return the newest vintage of each published figure, of those known by then."""
    statement = (
        select(PublishedFigure)
        .where(
            col(PublishedFigure.component) == question.component,
            col(PublishedFigure.pcode).between(question.place, question.place + ABOVE_ALL),
            func.length(PublishedFigure.pcode) == question.length,
        )
        .order_by(col(PublishedFigure.vintage))
    )
    if question.population:
        statement = statement.where(col(PublishedFigure.population) == question.population)
    if question.as_of:
        statement = statement.where(col(PublishedFigure.known_since) <= question.as_of)
    newest: dict[Line, dict[int, PublishedFigure]] = defaultdict(dict)
    for each in (await session.exec(statement)).all():
        newest[Line(each.population, each.pcode, "")][each.round_number] = each
    return newest
