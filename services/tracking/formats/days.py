"""Days as people write them into tables."""

import re
from datetime import date, timedelta
from typing import Literal

from chassis import months
from chassis.strict import NEWEST_YEAR, OLDEST_YEAR
from services.tracking.formats.numbers import DIGITS

DayOrder = Literal["ymd", "dmy", "mdy"]
YEAR = len("2024")
CENTURY = 2000
IN_WORDS = (
    re.compile(r"(?P<day>[0-9]{1,2})[\s./-]*(?P<month>[^\W\d_]+)[\s./,-]*(?P<year>[0-9]{2,4})"),
    re.compile(r"(?P<month>[^\W\d_]+)[\s./-]*(?P<day>[0-9]{1,2})[\s./,-]+(?P<year>[0-9]{2,4})"),
)
BEFORE_THE_FIRST = date(1899, 12, 30)
"""From here spreadsheets count days, where a cell is not formatted as a day."""
COUNTED = re.compile(r"[3-6][0-9]{4}")


class NoDayError(ValueError):
    """What is written is no day of the calendar, or none of this time."""


def day(text: str, order: DayOrder) -> date:
    """Return a day, whatever time stands behind it; NoDayError for what is none."""
    told = text.strip().translate(DIGITS)
    try:
        found = _in_words(told) or _in_numbers(told.partition("T")[0].partition(" ")[0], order)
    except (ValueError, OverflowError):
        raise NoDayError from None
    if not OLDEST_YEAR <= found.year <= NEWEST_YEAR:
        raise NoDayError
    return found


def _in_words(told: str) -> date | None:
    for pattern in IN_WORDS:
        if (found := pattern.match(told)) and (month := months.month(found["month"])):
            return date(_year(found["year"]), month, int(found["day"]))
    return None


def _in_numbers(told: str, order: DayOrder) -> date:
    if COUNTED.fullmatch(told):
        return BEFORE_THE_FIRST + timedelta(days=int(told))
    parts = re.split(r"[-/.]", told)
    if not all(part.isdecimal() for part in parts):
        raise ValueError("not a day in numbers")
    if order == "ymd" or len(parts[0]) >= YEAR:
        return date.fromisoformat("-".join(part.zfill(2) for part in parts))
    first, second, year = parts
    of_day, month = (first, second) if order == "dmy" else (second, first)
    return date(_year(year), int(month), int(of_day))


def _year(told: str) -> int:
    return int(told) if len(told) >= YEAR else CENTURY + int(told)
