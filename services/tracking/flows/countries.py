"""Which country a label means: by its ISO 3166-1 alpha-3 code, or by its name in a language."""

import re
import unicodedata
from functools import cache

from babel import Locale
from babel.core import get_global

from services.tracking.rounds import layout

ALPHA_3 = 3
LANGUAGES = ("ar", "fr", "en")
LETTERS = frozenset({"Ll", "Lo"})
SAME_LETTERS = str.maketrans("ةى", "هي")
UNKNOWN = "unknown"
NAMES_OF_UNKNOWN = "Unknown", "غير معروف"
PRIVATE = re.compile("AAA|Q[M-Z].|X..|ZZZ")
"""Codes that ISO 3166-1 leaves to its users."""
WITHDRAWN = frozenset(["ASC", "BUR", "CPT", "DDR", "DGA", "FXX", "TAA", "TMP", "YMD", "ZAR"])
"""States that are no more under this code, and reserved codes of islands."""


@cache
def _alpha_3() -> dict[str, str]:
    """Return the alpha-3 codes by the alpha-2 codes of the countries that there are."""
    # CLDR lists alpha-3 codes as aliases of alpha-2 codes, old and private ones among them.
    territories = Locale("en").territories
    return {
        short: code
        for code, (short, *more) in get_global("territory_aliases").items()
        if len(code) == ALPHA_3 and code.isalpha() and not more and short in territories
        if code not in WITHDRAWN and not PRIVATE.match(code)
    }


@cache
def codes() -> frozenset[str]:
    return frozenset(_alpha_3().values())


@cache
def _names() -> dict[str, str]:
    named: dict[str, str] = {}
    # English comes last, so that its names stand where two languages share one.
    for language in LANGUAGES:
        territories = Locale(language).territories
        named |= {key(territories[short]): code for short, code in _alpha_3().items()}
    return named | layout.COUNTRIES


@cache
def names(code: str) -> tuple[str, str]:
    """Return what a country is called in English and in Arabic; an unknown code is its own name."""
    short = next((each for each, known in _alpha_3().items() if known == code), None)
    if short is None:
        return NAMES_OF_UNKNOWN if code == UNKNOWN else (code, code)
    return Locale("en").territories[short], Locale("ar").territories[short]


@cache
def nationality(label: str) -> tuple[str, str | None] | None:
    """
    Return the code of a nationality and what is odd about its label; None where it is none.

    `SDN` and `Sudan` are read as they are; `BurkinaFaso` and `Unkown` are read, and that is told.
    """
    if label in codes() or label == UNKNOWN:
        return label, None
    told = key(label)
    if told in layout.UNKNOWN_LABELS:
        odd = "Read as 'unknown': the label is misspelt." if told in layout.MISSPELT else None
        return UNKNOWN, odd
    code = _names().get(told)
    if code is None:
        return None
    run_together = code in layout.SPELLED and " " not in label.strip()
    return code, f"Read as {layout.SPELLED[code]}." if run_together else None


def key(text: str) -> str:
    """Return the letters of a label alone, in one form of those that are written in several."""
    folded = unicodedata.normalize("NFD", text).lower().translate(SAME_LETTERS)
    return "".join(c for c in folded if unicodedata.category(c) in LETTERS)
