"""
Where no single circle protects a cell: linear programming over all publications at once.

It looks for the cheapest change of the unknown figures that keeps every sum of every publication
and moves one cell by the protection. A figure that is the same in several of them is one unknown,
and known if one of them tells it; so what is found is exactly what an attacker cannot exclude, and
where nothing is found, no hiding helps.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.tracking.disclosure.network import CellId, Network
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import COUNTRY, TOTAL, Cell, Design, Values

NOTICEABLE = 1e-6
FREE = 0.001
"""What it costs to move somebody in a cell that is hidden already."""
NEAR = 6
"""Who is looked for first lies in the same mantika: so many letters of the p-code."""

Unknown = tuple[Cell, int]
"""A cell and its figure: the same unknown in each publication that holds just this figure."""


@dataclass(frozen=True)
class Move:
    """By how many people the new tables' cells move, and those of each frozen set."""

    new: dict[Cell, float]
    frozen: dict[Frozen, dict[Cell, float]]


@dataclass
class Programme:
    """All publications at once; `price` is what hiding one person of a new cell costs."""

    values: Values
    before: Sequence[Frozen]
    networks: dict[str, Network]
    numbers: dict[Cell, CellId]
    price: Sequence[float]
    design: Design

    def move(self, cell: Cell, value: int) -> Move | None:
        """Return the cheapest move of a cell by the protection, or nothing if there is none."""
        dimensions = list(self.networks) if cell[1] == TOTAL else [cell[1]]
        near = cell[0][:NEAR] if len(cell[0]) >= NEAR else cell[0]
        for names, totals in ((dimensions, cell[1] == TOTAL), (list(self.networks), True)):
            for within in (near, near[:COUNTRY]):
                if found := self._solved((cell, value), names, within, totals=totals):
                    return found
        return None

    def _solved(
        self, target: Unknown, names: list[str], within: str, *, totals: bool
    ) -> Move | None:
        unknowns = list(self._unknowns(names, within, totals=totals))
        # Loading it takes half a second, and no process needs it that publishes no round.
        from scipy.optimize import linprog  # noqa: PLC0415 - The line above.

        if target not in (numbered := {each: i for i, each in enumerate(unknowns)}):
            return None
        room = [value - self.design.lowest(cell[1]) for (cell, value) in unknowns]
        costs = [self._cost(each) for each in unknowns]
        sums = self._sums(numbered, names)
        width, at = self.design.protection, numbered[target]
        for rises in (True, False):
            if not rises and room[at] < width:
                continue
            # Each unknown rises by one variable and falls by another.
            bounds: list[tuple[float, float | None]] = [(0.0, None)] * len(unknowns) + [
                (0.0, max(0, each)) for each in room
            ]
            bounds[at] = (width, None) if rises else (0.0, 0.0)
            bounds[at + len(unknowns)] = (0.0, 0.0) if rises else (width, room[at])
            answer = linprog(costs * 2, A_eq=sums, b_eq=[0.0] * sums.shape[0], bounds=bounds)
            if answer.x is not None:
                moved = answer.x[: len(unknowns)] - answer.x[len(unknowns) :]
                return self._told(dict(zip(unknowns, moved.tolist(), strict=True)))
        return None

    def _tables(self) -> Iterator[Values]:
        yield self.values
        for each in self.before:
            yield each.values

    def _unknowns(self, names: list[str], within: str, *, totals: bool) -> Iterator[Unknown]:
        """Yield what may move: what no publication tells, in a place or above it."""
        for (dimension, place), unknowns in self._by_place.items():
            wanted = dimension in names or (totals and dimension == TOTAL)
            if wanted and (place.startswith(within) or within.startswith(place)):
                yield from unknowns

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], list[Unknown]]:
        told = {
            (cell, value)
            for each in self.before
            for cell, value in each.values.items()
            if cell not in each.hidden
        }
        # A zero of the new tables may stand for what was something, and hidden, before.
        zeros = {
            cell: 0 for each in self.before for cell in each.hidden if cell[1] in self.networks
        }
        found: dict[tuple[str, str], dict[Unknown, None]] = {}
        for values in (zeros | self.values, *(each.values for each in self.before)):
            for cell, value in values.items():
                place, dimension, _ = cell
                is_whole = dimension == TOTAL and len(place) == COUNTRY
                if (cell, value) not in told and not is_whole and cell in self.numbers:
                    found.setdefault((dimension, place[:NEAR]), {})[cell, value] = None
        return {where: list(unknowns) for where, unknowns in found.items()}

    def _cost(self, unknown: Unknown) -> float:
        cell, value = unknown
        is_new = self.values.get(cell, 0) == value
        return self.price[self.numbers[cell]] if is_new else FREE

    def _sums(self, numbered: dict[Unknown, int], names: Iterable[str]) -> Any:
        """Return each sum of each publication as a row: what flows in, less what flows out."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - As above.

        rows: dict[tuple[int, str, int], int] = {}
        entries: list[tuple[int, int, int]] = []
        for number, values in enumerate(self._tables()):
            for (cell, value), column in numbered.items():
                if values.get(cell, 0) != value:
                    continue
                for name in names:
                    ends = self.networks[name].ends.get(self.numbers[cell])
                    for end, sign in zip(ends or (), (-1, 1), strict=False):
                        row = rows.setdefault((number, name, end), len(rows))
                        entries.append((row, column, sign))
        size = len(numbered)
        down = [(row, column + size, -sign) for row, column, sign in entries]
        at, of, signs = (list(each) for each in zip(*entries, *down, strict=True))
        return csr_matrix((signs, (at, of)), shape=(len(rows), 2 * size))

    def _told(self, moved: dict[Unknown, float]) -> Move:
        def of(values: Values) -> dict[Cell, float]:
            return {
                cell: by
                for (cell, value), by in moved.items()
                if abs(by) > NOTICEABLE and values.get(cell, 0) == value
            }

        return Move(of(self.values), {each: of(each.values) for each in self.before})
