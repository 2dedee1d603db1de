"""
Where no single circle protects a cell: linear programming over all publications at once.

It looks for the two cheapest changes of the unknown figures that keep every sum of every
publication and are apart by the protection in one cell. A figure that is the same in several of
them is one unknown, and known if one of them tells it; so what is found is exactly what an attacker
cannot exclude, and where nothing is found, no hiding helps.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.tracking.disclosure.network import CellId, Network
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import COUNTRY, TOTAL, Cell, Design
from services.tracking.disclosure.tables import Tables

NOTICEABLE = 1e-6
FREE = 0.001
"""What it costs to move somebody in a cell that is hidden already."""
NEAR = 6
"""Who is looked for first lies in the same mantika: so many letters of the p-code."""

Unknown = tuple[Cell, int, int]
"""
A cell, its figure, and what was assessed of its place (see `coverage`): the same unknown in each
publication that has all three.
"""


@dataclass(frozen=True)
class Move:
    """How far apart two possible figures of each moved cell are: in the new tables, the frozen."""

    new: dict[Cell, float]
    frozen: dict[Frozen, dict[Cell, float]]


@dataclass
class Programme:
    """All publications at once; `price` is what hiding one person of a new cell costs."""

    tables: Tables
    before: Sequence[Frozen]
    networks: dict[str, Network]
    numbers: dict[Cell, CellId]
    price: Sequence[float]
    design: Design

    def move(self, cell: Cell, of: Tables | Frozen) -> Move | None:
        """Return the cheapest move of a publication's cell by the protection, if there is one."""
        target = (cell, of.values.get(cell, 0), of.coverage[cell[0]])
        dimensions = list(self.networks) if cell[1] == TOTAL else [cell[1]]
        near = cell[0][:NEAR] if len(cell[0]) >= NEAR else cell[0]
        for names, totals in ((dimensions, cell[1] == TOTAL), (list(self.networks), True)):
            for within in (near, near[:COUNTRY]):
                if found := self._solved(target, names, within, totals=totals):
                    return found
        return None

    def _solved(
        self, target: Unknown, names: list[str], within: str, *, totals: bool
    ) -> Move | None:
        """
        Look for two changes that keep every sum and take the target apart by the protection.

        Neither has to be as wide alone: a figure that can rise by 10 and fall by 8 is protected
        by 18, and in a round that follows another one there often is no more room than that.
        """
        unknowns = list(self._unknowns(names, within, totals=totals))
        # Loading it takes half a second, and no process needs it that publishes no round.
        from scipy.optimize import linprog  # noqa: PLC0415 - The line above.
        from scipy.sparse import block_diag  # noqa: PLC0415 - As above.

        if target not in (numbered := {each: i for i, each in enumerate(unknowns)}):
            return None
        size, at = len(unknowns), numbered[target]
        room = [max(0, value - self.design.lowest(cell[1])) for cell, value, _ in unknowns]
        costs = [self._cost(each) for each in unknowns]
        sums = self._sums(numbered, names)
        # In each of both changes an unknown rises by one variable and falls by another.
        bounds: list[tuple[float, float | None]] = [(0.0, None)] * size
        bounds += [(0.0, each) for each in room]
        higher, lower = list(bounds), list(bounds)
        higher[at + size] = lower[at] = (0.0, 0.0)
        apart = [0.0] * (4 * size)
        apart[at] = apart[at + 3 * size] = -1.0
        answer = linprog(
            costs * 4,
            A_ub=[apart],
            b_ub=[-float(self.design.protection)],
            A_eq=block_diag([sums, sums]),
            b_eq=[0.0] * (2 * sums.shape[0]),
            bounds=higher + lower,
        )
        if answer.x is None:
            return None
        rise, fall, rise_too, fall_too = answer.x.reshape(4, size)
        changes = zip((rise - fall).tolist(), (rise_too - fall_too).tolist(), strict=True)
        return self._told(dict(zip(unknowns, changes, strict=True)))

    @property
    def _publications(self) -> Sequence[Tables | Frozen]:
        return [self.tables, *self.before]

    def _unknowns(self, names: list[str], within: str, *, totals: bool) -> Iterator[Unknown]:
        """Yield what may move: what no publication tells, in a place or above it."""
        for (dimension, place), unknowns in self._by_place.items():
            wanted = dimension in names or (totals and dimension == TOTAL)
            if wanted and (place.startswith(within) or within.startswith(place)):
                yield from unknowns

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], list[Unknown]]:
        told = {
            (cell, value, each.coverage[cell[0]])
            for each in self.before
            for cell, value in each.values.items()
            if cell not in each.hidden
        }
        # A zero of the new tables may stand for what was something, and hidden, before.
        zeros = {
            cell: 0
            for each in self.before
            for cell in each.hidden
            if cell[1] in self.networks and cell[0] in self.tables.coverage
        }
        found: dict[tuple[str, str], dict[Unknown, None]] = {}
        for each, more in zip(self._publications, (zeros, *({} for _ in self.before)), strict=True):
            for cell, value in (more | each.values).items():
                place, dimension, _ = cell
                unknown = (cell, value, each.coverage[place])
                is_whole = dimension == TOTAL and len(place) == COUNTRY
                if unknown not in told and not is_whole and cell in self.numbers:
                    found.setdefault((dimension, place[:NEAR]), {})[unknown] = None
        return {where: list(unknowns) for where, unknowns in found.items()}

    def _cost(self, unknown: Unknown) -> float:
        return self.price[self.numbers[unknown[0]]] if _holds(self.tables, unknown) else FREE

    def _sums(self, numbered: dict[Unknown, int], names: Iterable[str]) -> Any:
        """Return each sum of each publication as a row: what flows in, less what flows out."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - As above.

        rows: dict[tuple[int, str, int], int] = {}
        entries: list[tuple[int, int, int]] = []
        for number, publication in enumerate(self._publications):
            for unknown, column in numbered.items():
                if not _holds(publication, unknown):
                    continue
                for name in names:
                    ends = self.networks[name].ends.get(self.numbers[unknown[0]])
                    for end, sign in zip(ends or (), (-1, 1), strict=False):
                        row = rows.setdefault((number, name, end), len(rows))
                        entries.append((row, column, sign))
        size = len(numbered)
        down = [(row, column + size, -sign) for row, column, sign in entries]
        at, of, signs = (list(each) for each in zip(*entries, *down, strict=True))
        return csr_matrix((signs, (at, of)), shape=(len(rows), 2 * size))

    def _told(self, moved: dict[Unknown, tuple[float, float]]) -> Move:
        def of(publication: Tables | Frozen) -> dict[Cell, float]:
            return {
                unknown[0]: abs(one - other)
                for unknown, (one, other) in moved.items()
                if max(abs(one), abs(other)) > NOTICEABLE and _holds(publication, unknown)
            }

        return Move(of(self.tables), {each: of(each) for each in self.before})


def _holds(publication: Tables | Frozen, unknown: Unknown) -> bool:
    cell, value, assessed = unknown
    # What a table does not list is a zero; of a table that there is not, nothing is known.
    missing = 0 if cell[1] in publication.dimensions else None
    return (
        publication.coverage.get(cell[0]) == assessed
        and publication.values.get(cell, missing) == value
    )
