"""Decisions about visits without I/O: labels, which visit counts, what a summary may tell."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from services.tracking.detention.models import RegionOut, Visit
from services.tracking.flows import countries

FEWEST_CENTRES = 3
FEWEST_PEOPLE = 10
MONTHS_A_QUARTER = 3
REGION = len("LY00")


class UnknownNationalityError(ValueError):
    """A label names no country; `position` is its place among the labels, from 0."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def nationalities(told: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """Return counts by country code, two spellings of one country added up, and what was odd."""
    counts = Counter[str]()
    odd: list[str] = []
    for position, (label, count) in enumerate(told.items()):
        found = countries.nationality(label)
        if found is None:
            raise UnknownNationalityError(position)
        counts[found[0]] += count
        if found[1]:
            odd.append(found[1])
    return dict(counts), odd


def corrected_by(visits: Iterable[Visit]) -> dict[UUID, UUID]:
    """Return which visit took the place of which."""
    return {each.corrects: each.id for each in visits if each.corrects}


def last_seen(visits: Sequence[Visit], until: date) -> dict[UUID, Visit]:
    """Return, for each centre, the last visit by a day at which somebody was let in."""
    replaced = corrected_by(visits)
    found: dict[UUID, Visit] = {}
    for each in sorted(visits, key=lambda visit: (visit.visited_on, visit.id)):
        if each.visited_on <= until and each.entry != "refused" and each.id not in replaced:
            found[each.site_id] = each
    return found


def last_quarter(today: date) -> date:
    """
    Return the last day of the quarter before a day.

    A summary changes four times a year: one that followed each visit would tell, by what it
    changed, of the centre that was visited.
    """
    first_month = (today.month - 1) // MONTHS_A_QUARTER * MONTHS_A_QUARTER + 1
    return date(today.year, first_month, 1) - timedelta(days=1)


def summary(seen: Iterable[tuple[str, int]]) -> list[RegionOut]:
    """Sum people by region, from (p-code, people) of each centre; hide what could tell of one."""
    regions: dict[str, list[int]] = defaultdict(list)
    for pcode, people in seen:
        regions[pcode[:REGION]].append(people)
    return [_region(pcode, people) for pcode, people in sorted(regions.items())]


def _region(pcode: str, people: Sequence[int]) -> RegionOut:
    if len(people) < FEWEST_CENTRES or sum(people) < FEWEST_PEOPLE:
        return RegionOut(pcode=pcode, centres_visited=None, individuals=None)
    return RegionOut(pcode=pcode, centres_visited=len(people), individuals=round(sum(people), -1))
