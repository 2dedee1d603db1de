"""Months by their names, long and short, in the languages in which forms and lists are kept."""

import unicodedata
from functools import cache

from babel import Locale

LANGUAGES = ("en", "fr", "ar", "ar_SY", "ar_TN")
"""Arabic names months in three ways: as in Libya, in the Levant, and in Tunisia and Algeria."""


def month(name: str) -> int | None:
    """Return the number of the month that is called so; None for another word."""
    return _months().get(_plain(name))


@cache
def _months() -> dict[str, int]:
    return {
        _plain(name): number
        for language in LANGUAGES
        for width in ("wide", "abbreviated")
        for number, name in Locale.parse(language).months["format"][width].items()
    } | {"sept": 9}


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.casefold())
    return "".join(letter for letter in letters if letter.isalpha())
