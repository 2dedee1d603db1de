"""Which country a label means: by its ISO 3166-1 alpha-3 code, or by its name in a language."""

import unicodedata
from functools import cache

from babel import Locale

from chassis.countries import by_alpha_2, codes
from services.tracking.rounds import layout

LANGUAGES = ("ar", "fr", "en")
LETTERS = frozenset({"Ll", "Lo"})
SAME_LETTERS = str.maketrans("ةى", "هي")
UNKNOWN = "unknown"
NAMES_OF_UNKNOWN = "Unknown", "غير معروف"


@cache
def _names() -> dict[str, str]:
    named: dict[str, str] = {}
    # English comes last, so that its names stand where two languages share one.
    for language in LANGUAGES:
        territories = Locale(language).territories
        named |= {key(territories[short]): code for short, code in by_alpha_2().items()}
    return named | layout.COUNTRIES


@cache
def names(code: str) -> tuple[str, str]:
    """Return what a country is called in English and in Arabic; an unknown code is its own name."""
    short = next((each for each, known in by_alpha_2().items() if known == code), None)
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
