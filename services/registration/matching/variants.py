"""Forms of one name that its sounds do not bring together: Fatou, Fatoumata and فاطمة."""

import re
from functools import cache
from pathlib import Path

from services.registration.matching.spelling import folded

FILE = Path(__file__).parent / "variants.txt"


FEMININE = re.compile(r"(?<=..a)t[aoUuw]$")
"""The ending of Halimatou and Rahmata, of which Halima and Rahma have the a alone."""


def usual(letters: str) -> str:
    """Return the folded form that a folded name is listed under; of most, the name itself."""
    known = _known()
    return known.get(letters) or known.get(FEMININE.sub("", letters), letters)


@cache
def _known() -> dict[str, str]:
    lines = (line.split() for line in FILE.read_text().splitlines() if not line.startswith("#"))
    return {folded(form): folded(forms[0]) for forms in lines for form in forms}
