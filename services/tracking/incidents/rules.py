"""What is believed of an incident's groups on a day, from all that was ever said; no I/O."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.tracking.incidents.models import Estimate


class Group(NamedTuple):
    """Who was displaced from where to where; estimates of the same group can replace each other."""

    population: str
    from_pcode: str | None
    to_pcode: str
    area: str | None


class Contradiction(NamedTuple):
    code: str
    estimates: list[UUID]


@dataclass(frozen=True)
class Believed:
    """A group, what stands of it, and how many estimates there had been by then."""

    group: Group
    standing: list[Estimate]
    estimates: int

    @property
    def range(self) -> tuple[int, int] | None:
        """The smallest and the largest number of individuals that stands."""
        told = [each.individuals for each in self.standing if each.individuals is not None]
        return (min(told), max(told)) if told else None


def group_of(estimate: Estimate) -> Group:
    return Group(estimate.population, estimate.from_pcode, estimate.to_pcode, estimate.area)


def replaced_on(estimates: Iterable[Estimate]) -> dict[UUID, date]:
    """
    Return the day from which another estimate stood in its place, for each that one has replaced.

    An estimate that came in late is put where its day belongs, so the order of arrival of two
    sources' mails does not decide what was believed.
    """
    gone: dict[UUID, date] = {}
    before: dict[tuple[Group, str], list[UUID]] = defaultdict(list)
    for each in sorted(estimates, key=_when):
        same = before[group_of(each), each.source]
        if each.replaces is None:
            taken = list(same)
            same.clear()
        else:
            taken = [UUID(told) for told in each.replaces.split()]
        same.append(each.id)
        for taken_id in taken:
            gone[taken_id] = min(gone.get(taken_id, each.published_on), each.published_on)
    return gone


def believed(estimates: Sequence[Estimate], day: date) -> list[Believed]:
    """Return each group with the estimates that stood on a day, in order of place."""
    known = [each for each in estimates if each.published_on <= day]
    gone = replaced_on(known)
    groups: dict[Group, list[Estimate]] = defaultdict(list)
    for each in sorted(known, key=_when):
        groups[group_of(each)].append(each)
    found = [
        Believed(group, [each for each in told if each.id not in gone], len(told))
        for group, told in groups.items()
    ]
    return sorted(found, key=lambda each: [part or "" for part in each.group])


def totals(groups: Sequence[Believed]) -> dict[str, tuple[int, int]]:
    """
    Return the range of individuals by population, each person counted once.

    A group within another one of its population (a place below, or a part of the same place) is
    told by that one already.
    """
    sums: dict[str, tuple[int, int]] = {}
    ranges = {each.group: each.range for each in groups if each.range}
    for group, (low, high) in _told(ranges).items():
        if not any(_lies_in(group, other) for other in ranges):
            lowest, highest = sums.get(group.population, (0, 0))
            sums[group.population] = (lowest + low, highest + high)
    return sums


def contradictions(groups: Sequence[Believed]) -> list[Contradiction]:
    """Return the standing estimates that cannot all be true."""
    found = [
        Contradiction("sources_differ", [each.id for each in told.standing])
        for told in groups
        if told.range and told.range[0] != told.range[1]
    ]
    ranges = _told({each.group: each.range for each in groups})
    by_group = {each.group: each for each in groups}
    for part, (low, _) in ranges.items():
        for whole, (_, high) in ranges.items():
            if _lies_in(part, whole) and low > high:
                ids = [each.id for each in [*by_group[part].standing, *by_group[whole].standing]]
                found.append(Contradiction("part_above_whole", ids))
    return found


def _told(ranges: Mapping[Group, tuple[int, int] | None]) -> dict[Group, tuple[int, int]]:
    return {group: told for group, told in ranges.items() if told}


def _lies_in(part: Group, whole: Group) -> bool:
    if part == whole or part.population != whole.population or whole.area:
        # What a source calls an area has no borders here, so nothing is known to lie in it.
        return False
    to = part.to_pcode.startswith(whole.to_pcode)
    come = whole.from_pcode is None or (part.from_pcode or "").startswith(whole.from_pcode)
    return to and come


def _when(estimate: Estimate) -> tuple[date, UUID]:
    return estimate.published_on, estimate.id
