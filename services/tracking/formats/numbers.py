"""Whole numbers as people write them into tables."""

import re

DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
WHOLE = re.compile(r"[0-9]{1,12}(?:\.0{1,6})?")
BY_THOUSANDS = re.compile(r"[0-9]{1,3}(?:([,٬ \u00a0\u202f'])[0-9]{3})(?:\1[0-9]{3}){0,3}")
"""As in 1,200 or 1 200; a point between them would be read as a fraction elsewhere."""


def whole(text: str) -> int | None:
    """Return a whole number from zero on; None for what is not written as one."""
    told = text.strip().translate(DIGITS)
    if WHOLE.fullmatch(told):
        return int(told.partition(".")[0])
    if found := BY_THOUSANDS.fullmatch(told):
        return int(told.replace(found[1], ""))
    return None
