"""
Decisions about dates of birth without I/O: what may be told, when it was, how old it makes.

What is kept is what was told: "1990" stays "1990", an age stays an age. When somebody was born is
an interval that follows from it, and is computed where it is needed: a first of January that
nobody told would be read back as one somewhere, in a file, a dump or the subject's own copy.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol

from hijridate import Hijri

from chassis.strict import NEWEST_YEAR, OLDEST_YEAR, in_our_digits

Precision = Literal["day", "month", "year", "estimated", "unknown"]
Calendar = Literal["gregorian", "hijri"]

FIELDS = (
    "birth_date",
    "birth_date_precision",
    "birth_date_calendar",
    "age",
    "age_to",
    "age_as_of",
)
OF_AGE = 18
ESTIMATE_YEARS = 2
"""How far from the truth an estimated birth date or age may lie, either way; our own choice."""
HIJRI_DAYS = 2
"""How far a Hijri month may have begun from the table's: where the crescent was seen decides."""
HIJRI_TABLE, HIJRI_TABLE_BEGINS = range(1343, 1501), date(1924, 8, 1)
"""The years of Umm al-Qura that are known day by day (hijridate), and when they begin."""
OLDEST_HIJRI_YEAR = 1317
HIJRI_YEARS = range(OLDEST_HIJRI_YEAR, HIJRI_TABLE.stop)
LAST_MONTH, LONGEST_HIJRI_MONTH = 12, 30
MISSING = "is missing: tell it, an age, or that its precision is `unknown`"
TWO_DIGITS = re.compile(r"[0-9]{1,2}(?:[-/. ][0-9]{1,2}){2}")
"""A date whose century is not told, in whatever order."""
FINENESS = ("year", "month", "day")
"""How exact a date is by the number of its parts."""


class Span(NamedTuple):
    """The first and the last day on which somebody may be born; None where it is not known."""

    earliest: date | None
    latest: date | None


class Bearing(Protocol):
    """What a record says of somebody's birth."""

    birth_date: str | None
    birth_date_precision: str
    birth_date_calendar: str
    age: int | None
    age_to: int | None
    age_as_of: date | None


@dataclass(frozen=True)
class Birth:
    """What was told of somebody's birth: a date in some calendar, an age on a day, or nothing."""

    birth_date: str | None
    birth_date_precision: str
    birth_date_calendar: str = "gregorian"
    age: int | None = None
    age_to: int | None = None
    age_as_of: date | None = None

    @classmethod
    def of(cls, record: Bearing) -> "Birth":
        return cls(**{name: getattr(record, name) for name in FIELDS})

    def span(self) -> Span:
        """Return when that was."""
        return _span(self)

    def converted(self) -> Span | None:
        """Return when a date of another calendar was in ours; None where there is none to say."""
        span = self.span()
        is_another = self.birth_date_calendar != "gregorian" and self.birth_date is not None
        return span if is_another and span.earliest else None

    def middle(self) -> date | None:
        """Return the day by which people are compared: the middle of when they may be born."""
        earliest, latest = self.span()
        return earliest + (latest - earliest) // 2 if earliest and latest else None

    def days_off(self) -> int:
        """Return by how many days or years' worth of them the middle may be wrong."""
        earliest, latest = self.span()
        return (latest - earliest).days // 2 if earliest and latest else 0

    def minor(self, on: date) -> bool | None:
        """
        Say whether somebody is under age on a day; None where it is not known.

        No birth date is more exact than it was told: the day of coming of age may lie on either
        side of `on`.
        """
        earliest, latest = self.span()
        if latest and age_on(latest, on) >= OF_AGE:
            return False
        return True if earliest and age_on(earliest, on) < OF_AGE else None


def age_on(born: date, on: date) -> int:
    """Return full years; who was born on 29 February is a year older on 1 March, if not before."""
    before = (on.month, on.day) < (born.month, born.day)
    return on.year - born.year - before


def well_formed(text: str) -> str:
    """Return a date of any calendar, or as much of it as is known, in digits of ours."""
    text = in_our_digits(text)
    if TWO_DIGITS.fullmatch(text):
        raise ValueError("has a year of two digits: write all four, nobody else knows its century")
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", text):
        raise ValueError("is not a date written as YYYY-MM-DD, YYYY-MM or YYYY")
    return text


def fineness(text: str) -> str:
    return FINENESS[text.count("-")]


def check(birth: Birth, today: date) -> None:
    """ValueError where the parts contradict each other, or nobody alive was born then."""
    if birth.age is not None:
        _check_age(birth)
    elif birth.age_to is not None or birth.age_as_of is not None:
        raise ValueError("has the bounds of an age, and no age")
    elif birth.birth_date is not None:
        _check_date(birth, birth.birth_date, today)
    elif birth.birth_date_precision != "unknown":
        raise ValueError(MISSING)


def agreed(birth: Birth, on: date) -> Birth:
    """
    Return what counts of a date and an age that were told together: the date, which says more.

    The age is that of `on` unless it says of which day; ValueError where the two contradict each
    other by more than an age may be off.
    """
    if birth.age is None or birth.birth_date is None:
        return birth
    as_of = birth.age_as_of or on
    aged = Birth(None, "estimated", age=birth.age, age_to=birth.age_to, age_as_of=as_of)
    _check_age(aged)
    dated = replace(birth, age=None, age_to=None, age_as_of=None)
    (first, last), (earliest, latest) = dated.span(), aged.span()
    if (latest and first and first > latest) or (earliest and last and last < earliest):
        raise ValueError("contradicts the age that is told beside it")
    return dated


def _check_age(birth: Birth) -> None:
    if birth.birth_date is not None:
        raise ValueError("is told beside an age: only one of them is what was said")
    if birth.birth_date_precision != "estimated" or birth.birth_date_calendar != "gregorian":
        raise ValueError("is an estimate when an age is told, and of no other calendar")
    if birth.age_to is not None and birth.age_to < (birth.age or 0):
        raise ValueError("has an age that ends before it begins")


def _check_date(birth: Birth, text: str, today: date) -> None:
    precision = birth.birth_date_precision
    if precision == "unknown":
        raise ValueError("is told, and so its precision is not `unknown`")
    if not fits(precision, text):
        raise ValueError("says less than its precision does")
    # The text as it stands must be a date, however much of it is then believed.
    earliest, _ = _told(text, birth.birth_date_calendar)
    if earliest and earliest > today:
        raise ValueError("is in the future")


def fits(precision: str, text: str) -> bool:
    """Return whether a date may be believed as exactly as that."""
    return precision not in FINENESS or FINENESS.index(precision) <= text.count("-")


def corrected(before: Birth, sent: dict[str, Any]) -> Birth:
    """
    Return what is known of a birth once some of its fields are corrected; ValueError as in check.

    A date replaces an age and the other way round. A date without a precision keeps that of the
    date before where somebody had said it; otherwise it is as exact as it is written.
    """
    if sent.get("age") is not None:
        return replace(Birth(None, "estimated"), **sent)
    text = sent.get("birth_date")
    if text is not None:
        known = before.birth_date_precision
        by_itself = before.birth_date is None or known == fineness(before.birth_date)
        kept = known if not by_itself and fits(known, text) else fineness(text)
        return replace(Birth(text, kept), **sent)
    if sent.get("birth_date_precision") == "unknown":
        return replace(Birth(None, "unknown"), **sent)
    return replace(before, **sent)


@lru_cache(maxsize=1 << 14)
def _span(birth: Birth) -> Span:
    if birth.age is not None:
        return _span_of_age(birth.age, birth.age_to, birth.age_as_of)
    if birth.birth_date is None:
        return Span(None, None)
    parts = birth.birth_date.split("-")
    if birth.birth_date_precision in FINENESS:
        parts = parts[: FINENESS.index(birth.birth_date_precision) + 1]
    elif birth.birth_date_precision == "estimated":
        parts = parts[:1]
    span = _told("-".join(parts), birth.birth_date_calendar)
    if birth.birth_date_precision == "estimated":
        return Span(
            span.earliest and _years_before(span.earliest, ESTIMATE_YEARS),
            span.latest and _years_before(span.latest, -ESTIMATE_YEARS),
        )
    return span


def _span_of_age(age: int, age_to: int | None, as_of: date | None) -> Span:
    if as_of is None:
        return Span(None, None)
    least, most = (age, age_to) if age_to is not None else (age, age)
    if least == most:
        least, most = max(0, age - ESTIMATE_YEARS), age + ESTIMATE_YEARS
    # Whoever is a year older the day after is not of this age any more.
    earliest = _years_before(as_of, most + 1) + timedelta(days=1)
    return Span(earliest, _years_before(as_of, least))


def _years_before(day: date, years: int) -> date:
    """Return the latest day on which somebody was born who is so many years old on a day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def _told(text: str, calendar: str) -> Span:
    """Return which days a date may mean; ValueError where its calendar has none such."""
    year, *rest = map(int, text.split("-"))
    parts = fineness(text)
    month, day = [*rest, 1, 1][:2]
    if calendar == "hijri":
        return _hijri(year, month, day, parts)
    if not OLDEST_YEAR <= year <= NEWEST_YEAR:
        # Papers of the region have both calendars; which one a date is of is never guessed.
        hijri = "; a Hijri date needs its calendar: `hijri`" if year in HIJRI_YEARS else ""
        raise ValueError(f"is not between {OLDEST_YEAR} and {NEWEST_YEAR}{hijri}")
    try:
        first = date(year, month, day)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    if parts == "year":
        return Span(first, date(year, LAST_MONTH, 31))
    if parts == "month":
        following = (first + timedelta(days=31)).replace(day=1)
        return Span(first, following - timedelta(days=1))
    return Span(first, first)


def _hijri(year: int, month: int, day: int, parts: str) -> Span:
    if not OLDEST_HIJRI_YEAR <= year < HIJRI_TABLE.stop:
        raise ValueError(f"is not between {OLDEST_HIJRI_YEAR} and {HIJRI_TABLE[-1]} Hijri")
    if not 1 <= month <= LAST_MONTH or not 1 <= day <= LONGEST_HIJRI_MONTH:
        raise ValueError("is not a day of the Hijri calendar")
    leeway = timedelta(days=HIJRI_DAYS)
    if year not in HIJRI_TABLE:
        return Span(None, HIJRI_TABLE_BEGINS - timedelta(days=1) + leeway)
    last_month = LAST_MONTH if parts == "year" else month
    length = Hijri(year, last_month, 1).month_length()
    if day > length:
        raise ValueError("is not a day of the Hijri calendar: its month is shorter")
    last_day = day if parts == "day" else length
    return Span(_in_ours(year, month, day) - leeway, _in_ours(year, last_month, last_day) + leeway)


def _in_ours(year: int, month: int, day: int) -> date:
    return date.fromordinal(Hijri(year, month, day).to_gregorian().toordinal())
