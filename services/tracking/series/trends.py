"""Figures across rounds: what was published, else what the muhallas of imported rounds sum to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.rounds.coverage import ABOVE_ALL, TOTAL
from services.tracking.rounds.models import Round
from services.tracking.rounds.periods import bounds
from services.tracking.series import counting, public
from services.tracking.series.counting import COUNTED, Counted, Line, Question
from services.tracking.series.models import PublishedFigure, TrendPoint


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
        before: TrendPoint | None = None
        for number in rounds:
            sums, one = counted.get(line, {}), published.get(line, {}).get(number)
            point = _point(question, line, number, one, sums.get(number))
            if point.value is not None:
                _compare(point, before, sums)
                before = point
            points.append(point)
    return points


def _point(
    question: Question,
    line: Line,
    number: int,
    one: PublishedFigure | None,
    counted: Counted | None,
) -> TrendPoint:
    told: dict[str, Any] = {
        "component": question.component,
        "population": line.population,
        "pcode": line.pcode,
        "by": question.by,
        "category": line.category or (line.pcode if question.by == "place" else None),
        "round_number": number,
        "places": counted.places if counted else None,
    }
    if one:
        wanted = PublishedFigure.model_fields.keys() & TrendPoint.model_fields.keys()
        told |= one.model_dump(include=set(wanted))
    elif counted:
        told |= {"value": counted.value, "basis": "dataset", "confidence": "high"}
        told |= {"vintage": counted.vintage, "known_since": counted.known_since}
        told["period_start"], told["period_end"] = bounds(counted.period)
    return TrendPoint.model_validate(told)


def _compare(
    point: TrendPoint,
    before: TrendPoint | None,
    counted: Mapping[int, Counted],
) -> None:
    if before is None or before.value is None or point.value is None:
        return
    point.previous_round = before.round_number
    point.change = point.value - before.value
    # What was published may differ from the sum of the muhallas; then nobody knows which part.
    if all(_is_sum(each, counted.get(each.round_number)) for each in (before, point)):
        point.change_coverage = counted[point.round_number].coverage
        point.change_same_places = point.change - point.change_coverage


def _is_sum(point: TrendPoint, counted: Counted | None) -> bool:
    return counted is not None and counted.places is not None and counted.value == point.value


async def _rounds(session: AsyncSession, question: Question) -> Sequence[int]:
    """Return the numbers of all rounds between the first and the last that anything is known of."""
    told = select(
        func.min(PublishedFigure.round_number), func.max(PublishedFigure.round_number)
    ).where(col(PublishedFigure.component) == question.component)
    bounds = list((await session.exec(told)).one())
    if question.component == COUNTED:
        imported = select(func.min(Round.number), func.max(Round.number))
        bounds += (await session.exec(imported)).one()
    known = [each for each in bounds if each is not None]
    if not known:
        return []
    return range(
        max(min(known), question.first or 0),
        min(max(known), question.last or max(known)) + 1,
    )


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
