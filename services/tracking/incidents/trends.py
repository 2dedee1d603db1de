"""An emergency as a series: what was believed at the end of each period, gaps as gaps; no I/O."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel

from services.tracking.incidents import rules
from services.tracking.incidents.models import Displaced, Estimate

By = Literal["day", "week", "month"]
EVENT_TRACKING: Literal["event_tracking"] = "event_tracking"


class EventPoint(BaseModel):
    """
    What was believed of a population at the end of a period, or the gap that stands for it.

    `lowest` and `highest` differ where sources do. Where nobody published an estimate in the
    period they are null, and nothing fills them. `change` is that of
    the highest since the last period that has one.
    """

    component: Literal["event_tracking"] = EVENT_TRACKING
    population: Displaced
    pcode: str
    period_start: date
    period_end: date
    lowest: int | None = None
    highest: int | None = None
    estimates: int = 0
    sources: int = 0
    previous_period_end: date | None = None
    change: int | None = None


class EventTrendOut(BaseModel):
    items: list[EventPoint]
    next_cursor: str | None


def trend(
    estimates: Sequence[Estimate], began: date, until: date, by: By, place: str
) -> list[EventPoint]:
    """Return the points of each population from the first day of an incident on, one a period."""
    told = [
        each for each in estimates if each.to_pcode.startswith(place) and each.published_on <= until
    ]
    if not told:
        return []
    last = max(each.published_on for each in told)
    points = []
    for population in sorted({each.population for each in told}):
        own = [each for each in told if each.population == population]
        before: EventPoint | None = None
        for start, end in periods(began, last, by):
            point = _point(own, population, place, start, end)
            if point.highest is not None:
                if before and before.highest is not None:
                    point.previous_period_end = before.period_end
                    point.change = point.highest - before.highest
                before = point
            points.append(point)
    return points


def _point(
    estimates: Sequence[Estimate], population: str, place: str, start: date, end: date
) -> EventPoint:
    published = [each for each in estimates if start <= each.published_on <= end]
    point = EventPoint.model_validate(
        {
            "population": population,
            "pcode": place,
            "period_start": start,
            "period_end": end,
            "estimates": len(published),
            "sources": len({each.source for each in published}),
        }
    )
    if published:
        believed = rules.totals(rules.believed(estimates, end))
        point.lowest, point.highest = believed.get(population, (None, None))
    return point


def periods(first: date, last: date, by: By) -> Iterator[tuple[date, date]]:
    """Go through the days, the weeks from Monday or the months that lie between two days."""
    start = first
    if by == "week":
        start -= timedelta(days=first.weekday())
    elif by == "month":
        start = first.replace(day=1)
    while start <= last:
        following = start + timedelta(days={"day": 1, "week": 7, "month": 31}[by])
        if by == "month":
            following = following.replace(day=1)
        yield start, following - timedelta(days=1)
        start = following
