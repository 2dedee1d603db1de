"""What a field may be: exact types, text that shows what it says, days of the calendar."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

OLDEST_YEAR, NEWEST_YEAR = 1900, 2100

# Controls that swap what staff read, and characters that cannot be seen or stored.
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
INVISIBLE = re.compile("[\u200b\u2060\ufeff]")


class Strict(BaseModel):
    """A shape that comes in: fields it does not know are refused, never ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


def readable(text: str) -> str:
    """
    Return text in composed form without invisible characters.

    ValueError for what cannot be stored or would deceive a reader: NUL and other controls,
    lone surrogates, controls that turn the direction of writing, nothing visible at all.
    """
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise ValueError("contains a control character or half of one")
    if BIDI.search(text):
        raise ValueError("contains a control that turns the direction of writing")
    cleaned = unicodedata.normalize("NFC", INVISIBLE.sub("", text)).strip()
    if not any(unicodedata.category(c)[0] in "LMN" for c in cleaned):
        raise ValueError("has no letter or digit")
    return cleaned


def readable_lines(text: str) -> str:
    """Return text of several lines, each of them readable or empty; ValueError as for a line."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(readable(line) if line else "" for line in lines).strip("\n")


def _iso_day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is not a date written as YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    if not OLDEST_YEAR <= day.year <= NEWEST_YEAR:
        raise ValueError(f"is not between {OLDEST_YEAR} and {NEWEST_YEAR}")
    return day


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
Count = Annotated[int, Field(strict=True, ge=0, le=2_000_000_000)]
