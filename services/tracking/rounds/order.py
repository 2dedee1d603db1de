"""Whether a round has the number that follows from when it was. Callers own the transaction."""

from collections.abc import AsyncIterator

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import newest_day
from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from services.tracking.rounds.models import Round
from services.tracking.rounds.periods import Period, bounds, wrong_with
from services.tracking.series.counting import COUNTED
from services.tracking.series.models import PublishedFigure
from services.tracking.series.rules import MONTH, follows, last_day

Periods = dict[int, Period]


async def refuse(session: AsyncSession, number: int, population: str, period: str | None) -> None:
    """
    Raise 409 for a round that was before an earlier one, or after a later one.

    422 for one that ended before it began, or is yet to come.
    """
    start, end = bounds(period)
    if wrong := wrong_with((start, end), newest_day()):
        code, detail = wrong
        fault = Fault(pointer="query/period", code=code, detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])
    periods = await _periods(session, number, population)
    known = [(other, began) for other, (began, _) in periods.items() if began]
    order = follows(number, start, end, known)
    if order.wrong:
        detail = f"{order.wrong} A round has the number that follows from when it was."
        fault = Fault(pointer="query/period", code="round_out_of_order", detail=order.wrong)
        raise Problem(409, "conflict", detail, errors=[fault])


async def remarks(
    session: AsyncSession, number: int, population: str, period: str | None
) -> AsyncIterator[Remark]:
    """Tell what is odd about a round's period, and no reason to refuse it."""
    start, end = bounds(period)
    if end and last_day(end) > newest_day():
        detail = "The period is not over; figures that come later are a restatement."
        yield Remark(column=population, code="period_not_over", detail=detail)
    # Published rounds do overlap, and a fact is not refused: the next often begins in the month in
    # which the one before ends, and whoever sends more than that is told.
    for other, (began, last) in sorted((await _periods(session, number, population)).items()):
        if (start and last and other < number and last[:MONTH] > start[:MONTH]) or (
            began and end and other > number and began[:MONTH] < end[:MONTH]
        ):
            detail = f"The period runs into that of round {other} by more than a month."
            yield Remark(column=population, code="rounds_overlap", detail=detail)
    # Who counts others, or publishes, may have another month for a round, but hardly another order.
    if wrong := follows(number, start, end, await _elsewhere(session, population)).wrong:
        detail = f"{wrong} So it is published, or counted of other people."
        yield Remark(column=population, code="round_out_of_order", detail=detail)


async def _periods(session: AsyncSession, number: int, population: str) -> Periods:
    """Return when the other rounds of a population were."""
    others = select(Round).where(col(Round.population) == population, col(Round.number) != number)
    return {each.number: bounds(each.period) for each in (await session.exec(others)).all()}


async def _elsewhere(session: AsyncSession, population: str) -> set[tuple[int, str]]:
    """Return when rounds began by what was published of any, and by those of other populations."""
    published = select(PublishedFigure.round_number, PublishedFigure.period_start).where(
        col(PublishedFigure.component) == COUNTED
    )
    others = select(Round.number, Round.period).where(col(Round.population) != population)
    told = {*await session.exec(published.distinct())}
    told |= {(number, bounds(period)[0]) for number, period in await session.exec(others)}
    return {(number, began) for number, began in told if began}
