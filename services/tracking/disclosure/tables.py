"""The whole set of tables of a round: each figure of each place, and of all places above it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from services.tracking.disclosure.rules import (
    CATEGORIES,
    CONFINED,
    OTHER,
    TOTAL,
    Cell,
    Design,
    Values,
    parent,
)


class OverlappingPlacesError(ValueError):
    """A place has figures of its own and so has a place within it: neither sum would be right."""


@dataclass(frozen=True)
class Tables:
    """Cells at every level, up to the country; a zero is a cell only where it may be hidden."""

    values: Values
    leaves: frozenset[str]
    dimensions: tuple[str, ...]

    def whole(self, place: str) -> int:
        return self.values.get((place, TOTAL, ""), 0)

    @cached_property
    def coverage(self) -> Mapping[str, int]:
        return coverage(self.leaves)


def coverage(leaves: Iterable[str]) -> Mapping[str, int]:
    """Return for each place a number that is the same where the same places were assessed in it."""
    within = defaultdict[str, set[str]](set)
    for leaf in leaves:
        for place in (leaf, *_above(leaf)):
            within[place].add(leaf)
    return {place: hash(frozenset(assessed)) for place, assessed in within.items()}


def tables(figures: Mapping[Cell, int], design: Design) -> Tables:
    """Return the tables of a round from its figures at the places that were assessed."""
    leaves = frozenset(place for place, _, _ in figures)
    inner = {above for place in leaves for above in _above(place)}
    if inner & leaves:
        raise OverlappingPlacesError
    values: Values = {}
    for (place, dimension, told), value in figures.items():
        category = OTHER if told in CONFINED else told
        if value or dimension == TOTAL:
            for each in (place, *_above(place)):
                key = (each, dimension, category)
                values[key] = values.get(key, 0) + value
    dimensions = tuple(sorted({dimension for _, dimension, _ in values} - {TOTAL}))
    _add_zeros(values, [each for each in dimensions if each in design.sensitive])
    return Tables(values, leaves, dimensions)


def _add_zeros(values: Values, dimensions: list[str]) -> None:
    peopled = [place for (place, dimension, _), n in values.items() if dimension == TOTAL and n]
    for wanted in dimensions:
        categories = {category for _, dimension, category in values if dimension == wanted}
        categories |= CATEGORIES.get(wanted, frozenset())
        for place in peopled:
            for category in categories:
                values.setdefault((place, wanted, category), 0)


def _above(place: str) -> Iterator[str]:
    above = parent(place)
    while above:
        yield above
        above = parent(above)
