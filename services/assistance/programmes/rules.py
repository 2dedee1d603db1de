"""Whom a programme covers; no I/O."""

from collections.abc import Collection
from datetime import date

from services.assistance.programmes.models import Programme


def lies_in(pcode: str, places: Collection[str]) -> bool:
    """Say whether a place is one of the places or below one: a p-code begins with its parents'."""
    return any(pcode.startswith(place) for place in places)


def covers(
    programme: Programme,
    *,
    kept_by: str | None,
    category: str | None,
    pcode: str | None,
    today: date,
) -> bool:
    """
    Say whether somebody of this category, at this place, is covered by a programme today.

    Whom another organisation keeps is not: a programme would tell its own one who is known there.
    """
    is_ours = kept_by == programme.organisation
    if not is_ours or category is None or pcode is None or programme.ends_on < today:
        return False
    return category in programme.population_categories and lies_in(pcode, programme.places)
