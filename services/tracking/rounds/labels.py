"""Categories as files label them, and the codes that they are kept by."""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache

from services.tracking.flows import countries
from services.tracking.places.spelling import folded

LONGEST = 40
UNKNOWN = countries.UNKNOWN
ALPHA_3 = re.compile(r"[A-Za-z]{3}")
PCODE = re.compile(r"LY([0-9]{2}){1,4}")
OWN = "label_"
Named = Mapping[str, str]
"""P-codes by the names of places as they sound."""
PLACES = frozenset({"origin", "returned_from"})
"""Dimensions whose categories are places: of the country by their p-codes, else countries."""


def code(text: str) -> str:
    """Return a label as a code: small letters and digits, parted by lines."""
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")


def category(dimension: str, label: str, named: Named) -> tuple[str, str | None]:
    """Return the code of a label in a dimension, and what is odd about it."""
    if dimension in PLACES and PCODE.fullmatch(pcode := label.upper()):
        return pcode, None
    if dimension in {*PLACES, "nationality"}:
        if code(label).startswith("other_"):
            return code(label)[:LONGEST], None
        found, odd = nationality(label.upper() if ALPHA_3.fullmatch(label) else label, "")
        if dimension in PLACES and found.startswith(OWN):
            found, odd = _place(label, named) or (found, "Neither a place nor a country; kept so.")
        return found, odd
    own = code(label)[:LONGEST]
    return (own, None) if own else (_own(label), "It is kept under a code of its own.")


def _place(label: str, named: Named) -> tuple[str, str | None] | None:
    pcode = named.get(folded(label))
    return (pcode, f"Read as {pcode}, by its name.") if pcode else None


@lru_cache(maxsize=1000)
def nationality(label: str, region: str) -> tuple[str, str | None]:
    """
    Return the code of a nationality label and what is odd about it.

    ISO 3166-1 alpha-3 where it is a country, in English, French or Arabic; `unknown`; `other` or
    `other_<region>` where the workbook only says so; an unlisted label becomes a code of its own,
    so that it is neither lost nor taken for another.
    """
    key = countries.key(label)
    if key in {"other", "autre", "اخري", "اخرى"}:
        where = "_".join(region.lower().replace("-", " ").split())
        return ("other" if where in {"", "other"} else f"other_{where}"), None
    if found := countries.nationality(label):
        code, odd = found
        if code == "SDN" and region.strip().lower() == "north africa":
            odd = "Sudan is counted as North Africa; regions follow the workbook."
        return code, odd
    if not key:
        return UNKNOWN, "Read as 'unknown': there is no label."
    return _own(key), "No country has this name; it is kept under its own label."


def _own(label: str) -> str:
    own = label if label.isascii() else hashlib.sha256(label.encode()).hexdigest()[:12]
    return f"{OWN}{own}"[:LONGEST]
