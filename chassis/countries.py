"""
The countries that there are, by their codes of ISO 3166-1, and Kosovo by the one that is in use.

ISO 3166-1 has no code for Kosovo and leaves XA to XZ and XAA to XZZ to its users: CLDR and the
European Union write XK, and XKX is what the World Bank, the IMF and IOM's lists make of it. Of the
UN's M49 no country is missing: what it has beside (Sark) has no code of ISO 3166-1 and issues no
passports. Codes of passports for people who are no state's are registration's (Doc 9303 of ICAO).
"""

import re
from functools import cache

from babel import Locale
from babel.core import get_global

ALPHA_3 = 3
PRIVATE = re.compile("AAA|Q[M-Z].|X..|ZZZ")
"""Codes that ISO 3166-1 leaves to its users."""
IN_USE = {"XK": "XKX"}
"""Those of them that mean a country to whoever works with migrants."""
WITHDRAWN = frozenset(["ASC", "BUR", "CPT", "DDR", "DGA", "FXX", "TAA", "TMP", "YMD", "ZAR"])
"""States that are no more under this code, and reserved codes of islands."""


@cache
def by_alpha_2() -> dict[str, str]:
    """Return the alpha-3 codes by the alpha-2 codes of the countries that there are."""
    # CLDR lists alpha-3 codes as aliases of alpha-2 codes, old and private ones among them.
    territories = Locale("en").territories
    return {
        short: code
        for code, (short, *more) in get_global("territory_aliases").items()
        if len(code) == ALPHA_3 and code.isalpha() and not more and short in territories
        if code not in WITHDRAWN and not PRIVATE.match(code)
    } | IN_USE


@cache
def codes() -> frozenset[str]:
    """Return the alpha-3 codes."""
    return frozenset(by_alpha_2().values())


def known(code: str) -> str:
    """Return an alpha-3 code; ValueError where no country has it."""
    if code not in codes():
        raise ValueError("is no country's alpha-3 code of ISO 3166-1, nor XKX (Kosovo)")
    return code
