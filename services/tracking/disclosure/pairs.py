"""
What is public already and may hold the same figures: an earlier vintage, the rounds beside.

The attack that is guarded against knows which figures did not change between two publications:
those are the same unknown in both. A circle is safe in both if what moves in one moves in the
other, or did change.

That the sum of a place is the same, although another muhalla of it was assessed than before, is
not among what is known: it would be the figure of that muhalla itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from services.tracking.disclosure.network import Terms
from services.tracking.disclosure.rules import Cell, Design, Values
from services.tracking.disclosure.tables import Tables, coverage

HIDDEN_ALREADY = 0.01
"""What it costs to move a cell that is hidden; another one costs the people that it hides."""


@dataclass(frozen=True, eq=False)
class Frozen:
    """Tables that are public: all values as they were counted, and which of them are hidden."""

    values: Values
    hidden: frozenset[Cell]
    leaves: frozenset[str]
    dimensions: frozenset[str]

    @cached_property
    def coverage(self) -> Mapping[str, int]:
        return coverage(self.leaves)

    def same_as(self, tables: "Tables | Frozen") -> frozenset[Cell]:
        """Return the cells that hold the same figure, of the same places, here and there."""
        told = tables.values
        same = {
            place
            for place, assessed in self.coverage.items()
            if tables.coverage.get(place) == assessed
        }
        return frozenset(
            cell
            for cell, value in self.values.items()
            if told.get(cell) == value and cell[0] in same
        )

    def alone(
        self,
        cells: Sequence[Cell],
        same: Collection[Cell],
        tables: Tables,
        design: Design,
    ) -> "Way":
        """Return the way in which these tables move while the new ones stand still."""
        may = [cell in self.hidden and cell not in same for cell in cells]
        room = [self.values.get(cell, 0) - design.lowest(cell[1]) for cell in cells]
        moves = self.dimensions <= set(tables.dimensions)
        terms = _terms(may, room, [HIDDEN_ALREADY] * len(cells), design)
        return Way(terms, (self,), totals_move=moves)


def _terms(may: list[bool], room: list[int], price: list[float], design: Design) -> Terms:
    fall = [each and space >= design.protection for each, space in zip(may, room, strict=True)]
    return Terms(may, fall, price)


@dataclass(frozen=True, eq=False)
class Way:
    """A way to move cells: with these frozen tables, and while all others stand still."""

    terms: Terms
    moves: tuple[Frozen, ...]
    totals_move: bool = True


def ways(
    cells: Sequence[Cell],
    tables: Tables,
    design: Design,
    before: Sequence[Frozen],
    price: list[float],
) -> list[Way]:
    """Return how cells may move: the new tables alone, with each frozen one, or with all."""
    same = {each: each.same_as(tables) for each in before}
    can_move = [each for each in before if each.hidden]
    chosen = {frozenset[Frozen](), frozenset(can_move)}
    chosen |= {frozenset(each) for each in combinations(can_move, 1)}
    found = []
    for moving in sorted(chosen, key=len):
        still = [same[each] for each in before if each not in moving]
        may, room = [], []
        for cell in cells:
            lowest = design.lowest(cell[1])
            value = tables.values.get(cell, 0)
            may.append(
                # A zero is hidden only where it was something that is hidden in the other tables.
                (value > 0 or bool(moving) or (lowest == 0 and cell in tables.values))
                and cell[0] in tables.coverage
                and not any(cell in each for each in still)
                and all(cell in each.hidden for each in moving)
            )
            room.append(min((value, *(each.values.get(cell, 0) for each in moving))) - lowest)
        moves = all(each.dimensions == set(tables.dimensions) for each in moving)
        found.append(Way(_terms(may, room, price, design), tuple(moving), totals_move=moves))
    return found
