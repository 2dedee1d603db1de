"""How two birth dates agree, within what either claims to know."""

from datetime import date

from services.registration.matching.description import Description

NEARNESS = {"missing": "missing", "same_day": "day", "day_and_month_swapped": "day"}
NEARNESS |= dict.fromkeys(("year_0", "year_1", "estimated_0", "estimated_1", "estimated_2"), "near")
WIDE_DAYS = 3 * 366
"""By how much a guessed birth date may be wrong before its nearness to another says nothing."""


def born(left: Description, right: Description) -> str:
    if left.born is None or right.born is None:
        return "missing"
    off = max(left.days_off, right.days_off)
    if left.precision == right.precision == "day":
        return _born_on(left.born, right.born, off)
    if off > WIDE_DAYS:
        # The weights were learned from closer guesses, and within a wide one all ages are alike.
        return "missing" if abs((left.born - right.born).days) <= off + WIDE_DAYS else "estimated_6"
    years = abs(left.born.year - right.born.year)
    if "estimated" in {left.precision, right.precision}:
        return f"estimated_{min(years, 6)}"
    return f"year_{min(years, 3)}"


def _born_on(one: date, other: date, off: int) -> str:
    # A day of another calendar may be any of a few.
    if abs((one - other).days) <= off:
        return "same_day"
    if one.year != other.year:
        return "other_year"
    swapped = (one.month, one.day) == (other.day, other.month)
    return "day_and_month_swapped" if swapped else "same_year"


def nearness(level: str) -> str:
    """Return how near two births are at a level of agreement: the day, some years, or far apart."""
    return NEARNESS.get(level, "far")
