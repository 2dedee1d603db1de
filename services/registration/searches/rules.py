"""Decisions about searches without I/O: how much must be known to ask, and how often one may."""

from collections.abc import Mapping
from datetime import timedelta

from chassis.problems import Fault

SHORTEST = 3
MOST_HITS = 20
MOST_SEARCHES = 60
PERIOD = timedelta(hours=1)
IDENTIFYING = frozenset({"external_id", "case_number", "phone", "document_number"})
"""What names one person, and is its own second attribute."""
TELLS_LITTLE = frozenset({"sex"})
"""What narrows a search and is too little to be asked with a name alone."""
ENOUGH = 2
CODES = frozenset({"born_in", "sex", "nationality", "location_pcode"})
"""What has a form of its own, however short: LY is all of Libya."""


def faults(terms: Mapping[str, str]) -> list[Fault]:
    """Return what is too little to search with: fewer than three letters, or one attribute."""
    found = [
        Fault(
            pointer=f"query/{name}",
            code="too_short",
            detail=f"At least {SHORTEST} letters or digits are needed.",
        )
        for name, text in terms.items()
        if name not in CODES and sum(character.isalnum() for character in text) < SHORTEST
    ]
    if not terms.keys() & IDENTIFYING and len(terms.keys() - TELLS_LITTLE) < ENOUGH:
        detail = "Say one more thing about the person: year, place, nationality or a number."
        found.append(Fault(pointer="query", code="one_attribute", detail=detail))
    return found


def canonical(terms: Mapping[str, str]) -> str:
    """Return the terms in one form, to be hashed: the same search gives the same hash."""
    return "\n".join(f"{name}={text.casefold()}" for name, text in sorted(terms.items()))
