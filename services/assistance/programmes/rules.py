"""Whom a programme covers; no I/O."""

from collections.abc import Collection
from datetime import date


def lies_in(pcode: str, places: Collection[str]) -> bool:
    """Say whether a place is one of the places or below one: a p-code begins with its parents'."""
    return any(pcode.startswith(place) for place in places)


def covers(
    *,
    categories: Collection[str],
    places: Collection[str],
    ends_on: date,
    organisation: str,
    kept_by: str | None,
    category: str | None,
    pcode: str | None,
    today: date,
) -> bool:
    """
    Say whether somebody of this category, at this place, is covered by a programme today.

    Whom another organisation keeps is not: a programme would tell its own one who is known there.
    """
    if kept_by != organisation or category is None or pcode is None or ends_on < today:
        return False
    return category in categories and lies_in(pcode, places)
