"""When a round was, from the words of who published it."""

import calendar
import re
from datetime import date
from functools import lru_cache

from services.tracking.series.rules import is_yet_to_come, last_day

MONTHS = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}
DAY_OR_MONTH = r"[0-9]{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?"
INTERVAL = re.compile(rf"({DAY_OR_MONTH})(?:\s*(?:/|–|—|to| - )\s*({DAY_OR_MONTH}))?")
IN_WORDS = re.compile(
    r"([a-z]+)\.?\s*(2[0-9]{3})?(?:\s*(?:-|–|—|/|to|and)\s*([a-z]+)\.?)?\s*(2[0-9]{3})",
    re.IGNORECASE,
)

Period = tuple[str | None, str | None]
"""The first and the last month, or day, of a round; None where its words do not say."""


@lru_cache(maxsize=1000)
def bounds(words: str | None) -> Period:
    """Return the period that words tell, as in "August-September 2024" or "2024-08/2024-09"."""
    told = (words or "").strip()
    if found := INTERVAL.fullmatch(told):
        return found[1], found[2] or found[1]
    if not (found := IN_WORDS.fullmatch(told)):
        return None, None
    first, first_year, last, year = found.groups()
    start, end = (MONTHS.get(each.lower()) for each in (first, last or first))
    if start is None or end is None or (first_year and not last):
        return None, None
    began = int(first_year) if first_year else int(year) - (start > end)
    return f"{began}-{start:02}", f"{year}-{end:02}"


def wrong_with(period: Period, today: date) -> tuple[str, str] | None:
    """Return by a code and in words why nobody was counted in a period; None where it may be."""
    start, end = period
    if not start or not end:
        return None
    try:
        last_day(start), last_day(end)
    except (ValueError, OverflowError):
        return "period", "The period begins or ends on a day that no month has."
    if end < start[: len(end)]:
        return "period", "The period ends before it starts."
    if is_yet_to_come(start, today):
        return "future", "The period is yet to come. A round that is to be is planned instead."
    return None
