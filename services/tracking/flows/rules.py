"""Which rows of a batch are taken, and how much of a period was watched; no I/O."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from chassis.countries import codes
from chassis.jobs import Remark
from services.tracking.flows import countries
from services.tracking.flows.batches import Sorted
from services.tracking.flows.models import GROUPS, EntryIn, WatchedIn

PLACES = ("origin", "transit", "next", "destination")
HOURS_A_DAY = 24
COUNTRY = "LBY"


def sort(
    entries: Iterable[tuple[int, EntryIn]],
    *,
    days: Mapping[date, bool],
    places: Collection[str],
) -> Sorted[dict[str, Any]]:
    """Sort rows by what is known: the days on which the point was open, and the gazetteer."""
    found = Sorted[dict[str, Any]]()
    for row, entry in entries:
        if not days[entry.day]:
            found.refuse(row, "day", "site_closed", "The point was not open on that day.")
            continue
        if wrong := _misplaced(entry, places):
            found.refuse(row, wrong, "unknown_place", "No country and no place has this code.")
            continue
        nationality = countries.nationality(entry.nationality)
        if nationality is None:
            detail = "No country has this name; send its ISO 3166-1 alpha-3 code, or 'unknown'."
            found.refuse(row, "nationality", "unknown_nationality", detail)
            continue
        code, odd = nationality
        values = {name: getattr(entry, name) for name in EntryIn.model_fields}
        values |= {
            "nationality": code,
            "total": sum(getattr(entry, name) for name in GROUPS),
        }
        if entry.id not in found.kept:
            found.kept[entry.id], found.rows[entry.id] = values, row
            if odd:
                found.warnings.append(
                    Remark(row=row, column="nationality", code="label", detail=odd)
                )
        elif found.kept[entry.id] == values:
            found.unchanged += 1
        else:
            found.refuse(row, "id", "twice", "Another row of the batch has this id.")
    return found


def _misplaced(entry: EntryIn, places: Collection[str]) -> str | None:
    for name in PLACES:
        code = getattr(entry, name)
        if code == countries.UNKNOWN or code in places or code in codes():
            continue
        return name
    return None


def pcodes(entries: Iterable[tuple[int, EntryIn]]) -> set[str]:
    """Return the places of the gazetteer that rows name."""
    return {
        code
        for _, entry in entries
        for code in (entry.origin, entry.transit, entry.next, entry.destination)
        if code[2:3].isdigit()
    }


def hours(watched: Iterable[WatchedIn]) -> dict[date, int]:
    """Return the hours of each day as bits; bands that overlap count once."""
    found: dict[date, int] = {}
    for each in watched:
        band = (1 << each.to_hour) - (1 << each.from_hour)
        found[each.day] = found.get(each.day, 0) | band
    return found


class Watched(NamedTuple):
    """Hours that were watched of those that there were, and days of which that is not known."""

    observed: int
    hours: int
    untold: int


def watched(
    told: Mapping[tuple[UUID, date], int],
    seen: Collection[tuple[UUID, date]],
    days_open: Mapping[UUID, int],
) -> Watched:
    """Return how much was watched, from the hours told, the days with entries, the days open."""
    observed = sum(bits.bit_count() for bits in told.values())
    return Watched(
        observed=observed,
        hours=max(observed, HOURS_A_DAY * sum(days_open.values())),
        untold=len(set(seen) - told.keys()),
    )


def days_open(opened: date | None, closed: date | None, since: date, until: date) -> int:
    """Return on how many days of a period, both ends within it, a point was open."""
    first = max(since, opened) if opened else since
    last = min(until, closed) if closed else until
    return max(0, (last - first).days + 1)


def at_level(code: str, level: int) -> str:
    """Return a place at a level or above it, or the country it lies in at level 0."""
    if not code[2:3].isdigit():
        return code
    return code[: 2 + 2 * level] if level else COUNTRY
