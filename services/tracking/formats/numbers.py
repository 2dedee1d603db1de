"""Numbers as people write them into tables."""

import re
from typing import Literal

DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
Mark = Literal[".", ","]
"""What stands before the fraction of a number: a point in English, a comma in French."""
BETWEEN_THOUSANDS = r"[,٬. \u00a0\u202f']"


def _pattern(mark: Mark, other: Mark) -> re.Pattern[str]:
    # Of 1,200 the mark decides whether it is a fraction; 12,5 can be nothing else.
    thousands = rf"[0-9]{{1,3}}(?P<between>[{other}٬ \u00a0\u202f'])[0-9]{{3}}"
    fraction = rf"[{mark}٫](?P<fraction>[0-9]{{1,12}})"
    foreign = rf"[{other}](?P<foreign>[0-9]{{1,2}}|[0-9]{{4,12}})"
    return re.compile(
        rf"(?P<sign>-?)(?:(?P<plain>[0-9]{{1,12}})(?:{fraction}|{foreign})?"
        rf"|(?P<grouped>{thousands}(?:(?P=between)[0-9]{{3}}){{0,3}})"
        rf"(?:[{mark}٫](?P<rest>[0-9]{{1,12}}))?)"
    )


NUMBER = {".": _pattern(".", ","), ",": _pattern(",", ".")}


def whole(text: str, mark: Mark = ".") -> int | None:
    """Return a whole number from zero on; None for what is not written as one."""
    found = _read(text, mark)
    if found is None or found[0] or found[2].strip("0"):
        return None
    return int(found[1])


def decimal(text: str, mark: Mark = ".") -> float | None:
    """Return a number, which may have a fraction and be below zero; None for what is none."""
    found = _read(text, mark)
    return None if found is None else float("{}{}.{}".format(*found))


def _read(text: str, mark: Mark) -> tuple[str, str, str] | None:
    """Return the sign of a number, its digits before the fraction, and those of the fraction."""
    found = NUMBER[mark].fullmatch(text.strip().translate(DIGITS))
    if not found:
        return None
    told = found.groupdict(default="")
    digits = told["plain"] or re.sub(BETWEEN_THOUSANDS, "", told["grouped"])
    return told["sign"], digits, told["fraction"] or told["foreign"] or told["rest"] or "0"
