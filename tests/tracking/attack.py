"""
The attack on published tables: linear programming over all that is told, at all levels.

It knows nothing of how the hidden cells were chosen. It takes every sum that a reader knows to
hold (places to the place above, categories to the total, at each level and in each publication),
and, of two publications, which figures did not change between them, and asks of each hidden cell
for its least and its greatest value.
"""

import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from services.tracking.disclosure.control import control
from services.tracking.disclosure.rules import TOTAL, Cell, Design, parent
from services.tracking.disclosure.tables import tables
from services.tracking.rounds import workbook
from services.tracking.rounds.counts import of_workbook

Unknown = tuple[int, Cell]
"""A hidden cell of one of the publications."""
Sum = tuple[list[tuple[Unknown, int]], int]
"""Unknowns with their signs, and what they sum to."""
Numbers = npt.NDArray[Any]
UNBOUNDED = 3
"""What scipy's linprog says of a problem without an end."""


@dataclass(frozen=True)
class Told:
    """What the reader of a publication sees: figures, and which cells are hidden."""

    figures: Mapping[Cell, int]
    hidden: frozenset[Cell]

    @property
    def cells(self) -> set[Cell]:
        return {*self.figures, *self.hidden}


def told(values: Mapping[Cell, int], hidden: Collection[Cell]) -> Told:
    seen = {cell: value for cell, value in values.items() if cell not in hidden}
    return Told(seen, frozenset(hidden))


def widths(
    publications: Sequence[Told],
    *,
    unchanged: Collection[Cell] = (),
    lowest: Mapping[str, int] | None = None,
    targets: Collection[Unknown] | None = None,
) -> dict[Unknown, float]:
    """
    Return how wide the attack leaves each hidden cell, or each of `targets`.

    `unchanged` are the cells of which the attacker knows that both publications counted the same;
    `lowest` is what they know of the hidden cells of a dimension at least.
    """
    numbers = {each: i for i, each in enumerate(_unknowns(publications))}
    sums = [*_sums(publications), *_links(publications, unchanged)]
    places = [(i, numbers[each], sign) for i, (terms, _) in enumerate(sums) for each, sign in terms]
    row, column, sign = (np.array(each) for each in zip(*places, strict=True))
    matrix = coo_matrix((sign, (row, column)), shape=(len(sums), len(numbers))).tocsc()
    floors = np.array([(lowest or {}).get(cell[1], 0) for _, cell in numbers])
    system = System(matrix, np.array([value for _, value in sums]), floors)
    return {each: system.width(numbers[each]) for each in (numbers if targets is None else targets)}


class System:
    """All sums at once, falling into parts that have nothing to do with each other."""

    def __init__(self, matrix: Any, right: Numbers, floors: Numbers) -> None:
        self.matrix, self.right, self.floors = matrix, right, floors
        _, self.part_of = connected_components(matrix.T @ matrix)

    def width(self, number: int) -> float:
        columns = np.flatnonzero(self.part_of == self.part_of[number])
        part = self.matrix[:, columns]
        touched = np.unique(part.nonzero()[0])
        wish = (columns == number).astype(float)
        least, greatest = (
            linprog(
                direction * wish,
                A_eq=part.tocsr()[touched],
                b_eq=self.right[touched],
                bounds=[(floor, None) for floor in self.floors[columns]],
                method="highs",
            )
            for direction in (1, -1)
        )
        if greatest.status == UNBOUNDED:
            return float("inf")
        assert least.fun is not None, least.message
        assert greatest.fun is not None, greatest.message
        return -greatest.fun - least.fun


def _unknowns(publications: Sequence[Told]) -> Iterator[Unknown]:
    for number, publication in enumerate(publications):
        yield from ((number, cell) for cell in sorted(publication.hidden))


def _sums(publications: Sequence[Told]) -> Iterator[Sum]:
    for number, publication in enumerate(publications):
        parts: defaultdict[Cell, list[Cell]] = defaultdict(list)
        categories: defaultdict[tuple[str, str], list[Cell]] = defaultdict(list)
        for cell in publication.cells:
            place, dimension, category = cell
            if above := parent(place):
                parts[above, dimension, category].append(cell)
            if dimension != TOTAL:
                categories[place, dimension].append(cell)
        for whole, cells in parts.items():
            yield from _sum(number, publication, whole, cells)
        for (place, _), cells in categories.items():
            yield from _sum(number, publication, (place, TOTAL, ""), cells)


def _sum(number: int, publication: Told, whole: Cell, parts: list[Cell]) -> Iterator[Sum]:
    known = publication.figures
    terms: list[tuple[Unknown, int]] = [
        ((number, cell), 1) for cell in parts if cell in publication.hidden
    ]
    right = known.get(whole, 0) - sum(known.get(cell, 0) for cell in parts)
    if whole in publication.hidden:
        terms.append(((number, whole), -1))
    assert terms or right == 0, "what is told does not sum"
    if terms:
        yield terms, right


def _links(publications: Sequence[Told], unchanged: Collection[Cell]) -> Iterator[Sum]:
    for cell in unchanged:
        earlier, later = publications
        terms: list[tuple[Unknown, int]] = [
            ((number, cell), sign)
            for number, sign in ((0, 1), (1, -1))
            if cell in publications[number].hidden
        ]
        if terms:
            yield terms, later.figures.get(cell, 0) - earlier.figures.get(cell, 0)


def main(path: str) -> None:
    """Attack every hidden cell of a workbook's tables, and print how narrow it came."""
    design = Design()
    whole = tables(of_workbook(workbook.read(Path(path).read_bytes())).figures, design)
    hidden = control(whole, design)
    lowest = {each: design.lowest(each) for each in (TOTAL, *whole.dimensions)}
    found = widths([told(whole.values, hidden)], lowest=lowest)
    for dimension in (TOTAL, *whole.dimensions):
        cells = [cell for cell in whole.values if cell[1] == dimension]
        people = sum(whole.values[cell] for cell in cells)
        held = sum(whole.values[cell] for cell in cells if cell in hidden)
        count = sum(cell in hidden for cell in cells)
        share = f"{held / people:.2%} of what they count"
        print(f"{dimension:12} {count:5} of {len(cells):5} cells hidden, {share}")
    within = sum(width <= design.k for width in found.values())
    print(f"attacked {len(found)} cells: narrowest {min(found.values()):g}, within k {within}")


if __name__ == "__main__":
    main(sys.argv[1])
