"""What a field may be: exact types, text that shows what it says, days and points in time."""

import re
import unicodedata
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from chassis.clock import newest_day

OLDEST_YEAR, NEWEST_YEAR = 1900, 2100

# Controls that swap what staff read, and characters that cannot be seen or stored.
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
INVISIBLE = re.compile("[\u00ad\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
LINES = re.compile("[\u2028\u2029]")
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"
"""Hangul's fillers, which are letters that nobody sees."""
HEAPED = re.compile(
    f"[{BLANK_LETTERS}]|[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{9}"
)
"""More marks than any letter has: they run over the lines above and below. Vowelled Arabic has up
to three on one, Vietnamese two."""
LAST_OF_A_PLANE, OTHER_NONCHARACTERS = 0xFFFE, range(0xFDD0, 0xFDF0)
TATWEEL = "\u0640"
DIGITS = {ord(digit): str(n % 10) for n, digit in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}
"""Arabic-Indic digits, of the east as well, which dates are written in too."""
TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
"""RFC 3339, seconds optional."""


class Strict(BaseModel):
    """A shape that comes in: fields it does not know are refused, never ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


def refuse_emptied(told: Strict, never: Collection[str]) -> None:
    """Refuse null for a field that is never empty, by its name; ValueError."""
    emptied = [name for name in never if name in told.model_fields_set]
    if emptied := [name for name in emptied if getattr(told, name) is None]:
        raise ValueError(f"empties what is never empty: {', '.join(emptied)}")


def readable(text: str) -> str:
    """
    Return text in composed form without invisible characters.

    ValueError for what cannot be stored or would deceive a reader: NUL and other controls,
    lone surrogates, what is no character (a workbook cannot hold it), controls that turn the
    direction of writing, marks in heaps, nothing visible at all.
    """
    # What can be printed has none of these; most text is that, and is looked at no further.
    if text.isprintable():
        cleaned = unicodedata.normalize("NFC", text).strip()
        begins = cleaned[:1].isalnum() and cleaned[0] != TATWEEL
        if begins and (cleaned.isascii() or not HEAPED.search(cleaned)):
            return cleaned
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text):
        raise ValueError("contains a control character or half of one")
    if any(_is_none(ord(c)) for c in text):
        raise ValueError("contains what is no character of Unicode")
    if BIDI.search(text):
        raise ValueError("contains a control that turns the direction of writing")
    cleaned = unicodedata.normalize("NFC", INVISIBLE.sub("", text)).strip()
    if (heap := HEAPED.search(cleaned)) and heap[0] not in BLANK_LETTERS:
        raise ValueError("has more marks on one letter than any script")
    # Marks and the stroke that only lengthens a word are of a letter, and none by themselves.
    nothing = {TATWEEL, *BLANK_LETTERS}
    if not any(unicodedata.category(c)[0] in "LN" for c in cleaned if c not in nothing):
        raise ValueError("has no letter or digit")
    return cleaned


def _is_none(code: int) -> bool:
    return code & LAST_OF_A_PLANE == LAST_OF_A_PLANE or code in OTHER_NONCHARACTERS


def readable_lines(text: str) -> str:
    """Return text of several lines, each of them readable or empty; ValueError as for a line."""
    lines = [line.strip() for line in LINES.sub("\n", text).replace("\r\n", "\n").split("\n")]
    return "\n".join(readable(line) if line else "" for line in lines).strip("\n")


def in_our_digits(text: str) -> str:
    """Return text with its Arabic-Indic digits as 0 to 9."""
    return text.translate(DIGITS)


def _iso_day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    text = in_our_digits(value) if isinstance(value, str) else ""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("is not a date written as YYYY-MM-DD")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    if not OLDEST_YEAR <= day.year <= NEWEST_YEAR:
        raise ValueError(f"is not between {OLDEST_YEAR} and {NEWEST_YEAR}")
    return day


def _not_in_the_future(day: date) -> date:
    if day > newest_day():
        raise ValueError("is in the future")
    return day


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    # A number would be taken for seconds since 1970, and a zone's name or a time without an offset
    # may be two points in time, or none, where clocks are put back or forward.
    if not isinstance(value, str) or not TIMESTAMP.fullmatch(value):
        raise ValueError("is not a date and time with an offset: YYYY-MM-DDThh:mm:ss+hh:mm or …Z")
    try:
        moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a point in time") from None
    if not OLDEST_YEAR <= moment.year <= NEWEST_YEAR:
        raise ValueError(f"is not between {OLDEST_YEAR} and {NEWEST_YEAR}")
    return moment


Text = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=200), AfterValidator(readable)
]
Prose = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=8000),
    AfterValidator(readable_lines),
]
"""Text of several lines, as a note has."""
Code = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")
]
Pcode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}([0-9]{2}){1,4}$")]
Day = Annotated[date, BeforeValidator(_iso_day, json_schema_input_type=date)]
PastDay = Annotated[Day, AfterValidator(_not_in_the_future)]
"""A day on which something has happened: today, wherever that is told, or before."""
Moment = Annotated[AwareDatetime, BeforeValidator(_moment, json_schema_input_type=AwareDatetime)]
"""A point in time, in UTC whatever offset it was written with; every time that comes in is one."""
Count = Annotated[int, Field(strict=True, ge=0, le=2_000_000_000)]
