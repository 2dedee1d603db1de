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


def faults(terms: Mapping[str, str]) -> list[Fault]:
    """Return what is too little to search with: fewer than three letters, or one attribute."""
    found = [
        Fault(
            pointer=f"query/{name}",
            code="too_short",
            detail=f"At least {SHORTEST} letters or digits are needed.",
        )
        for name, text in terms.items()
        if sum(character.isalnum() for character in text) < SHORTEST
    ]
    if not terms.keys() & IDENTIFYING and len(terms) == 1:
        detail = "Say one more thing about the person: year, place or case number."
        found.append(Fault(pointer="query", code="one_attribute", detail=detail))
    return found


def canonical(terms: Mapping[str, str]) -> str:
    """Return the terms in one form, to be hashed: the same search gives the same hash."""
    return "\n".join(f"{name}={text.casefold()}" for name, text in sorted(terms.items()))
