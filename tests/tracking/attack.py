"""
The attack on published tables: linear programming over all that is told, at all levels.

It knows nothing of how the hidden cells were chosen. It takes every sum that a reader knows to
hold (places to the place above, categories to the total, at each level and in each publication),
and, of two publications, which figures did not change between them, and asks of each hidden cell
for its least and its greatest value.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from services.tracking.disclosure.control import control
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import TOTAL, Cell, Design, Reason, parent
from services.tracking.disclosure.tables import tables
from services.tracking.rounds import workbook
from services.tracking.rounds.counts import of_workbook
from tests.tracking.recounting import recounted

Unknown = tuple[int, Cell]
"""A hidden cell of one of the publications."""
Sum = tuple[list[tuple[Unknown, int]], int]
"""Unknowns with their signs, and what they sum to."""
Numbers = npt.NDArray[Any]
FEW = 3
"""A wish for all cells that settles fewer of them costs more than asking for these."""
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
    unchanged: Mapping[tuple[int, int], Collection[Cell]] | None = None,
    floors: Mapping[Unknown, int] | None = None,
    targets: Collection[Unknown] | None = None,
    enough: float = float("inf"),
) -> dict[Unknown, float]:
    """
    Return how wide the attack leaves each hidden cell, or each of `targets`.

    `unchanged` are the cells of which the attacker knows that two publications, named by their
    numbers, counted the same; `floors` is what they know of a hidden cell at least. A cell that
    is seen to be as wide as `enough` while others are asked for is not asked for itself.
    """
    numbers = {each: i for i, each in enumerate(_unknowns(publications))}
    sums = [*_sums(publications), *_links(publications, unchanged or {})]
    places = [(i, numbers[each], sign) for i, (terms, _) in enumerate(sums) for each, sign in terms]
    row, column, sign = (np.array(each) for each in zip(*places, strict=True))
    matrix = coo_matrix((sign, (row, column)), shape=(len(sums), len(numbers))).tocsc()
    least = np.array([(floors or {}).get(each, 0) for each in numbers])
    system = System(matrix, np.array([value for _, value in sums]), least)
    wanted = numbers if targets is None else targets
    if enough < float("inf"):
        system.widen([numbers[each] for each in wanted], enough)
    return {each: system.width(numbers[each], enough) for each in wanted}


class Part:
    """Sums that have to do with each other, and with no others."""

    def __init__(self, matrix: Any, right: Numbers, floors: Numbers, columns: Numbers) -> None:
        part = matrix[:, columns]
        touched = np.unique(part.nonzero()[0])
        self.columns = columns
        self.matrix, self.right = part.tocsr()[touched], right[touched]
        self.bounds = [(floor, None) for floor in floors[columns]]

    def ends(self, wish: Numbers) -> list[Any]:
        """Return where a sum of cells, each times its wish, is least and where it is greatest."""
        return [
            linprog(
                direction * wish,
                A_eq=self.matrix,
                b_eq=self.right,
                bounds=self.bounds,
                method="highs",
            )
            for direction in (1, -1)
        ]


class System:
    """All sums at once, falling into parts that have nothing to do with each other."""

    def __init__(self, matrix: Any, right: Numbers, floors: Numbers) -> None:
        _, self.part_of = connected_components(matrix.T @ matrix)
        self.whole = Part(matrix, right, floors, np.arange(len(floors)))
        self.parts = [
            Part(matrix, right, floors, np.flatnonzero(self.part_of == number))
            for number in range(self.part_of.max() + 1)
        ]
        self.least = np.full(len(floors), np.inf)
        self.greatest = np.full(len(floors), -np.inf)

    def widen(self, targets: Sequence[int], enough: float) -> None:
        """
        Look for possible worlds in which many cells at once are far from where others have them.

        It saves asking for most cells one by one, and bounds none: what is seen is possible.
        """
        chance = np.random.default_rng(1)
        asked = np.zeros(len(self.least))
        asked[targets] = 1
        left = len(targets) + FEW
        while True:
            open_still = asked * (self.greatest - self.least < enough)
            if left - open_still.sum() < FEW or not open_still.any():
                return
            left = open_still.sum()
            self._see(self.whole, chance.choice([-1, 1], len(asked)) * open_still)

    def width(self, number: int, enough: float) -> float:
        if (seen := self.greatest[number] - self.least[number]) >= enough:
            return float(seen)
        part = self.parts[self.part_of[number]]
        least, greatest = self._see(part, (part.columns == number).astype(float))
        if greatest.status == UNBOUNDED:
            return float("inf")
        assert least.fun is not None, least.message
        assert greatest.fun is not None, greatest.message
        return float(-greatest.fun - least.fun)

    def _see(self, part: Part, wish: Numbers) -> list[Any]:
        answers = part.ends(wish)
        for answer in answers:
            if answer.x is not None:
                # Whatever solves the sums is a possible world, for all other cells as well.
                at = part.columns
                self.least[at] = np.minimum(self.least[at], answer.x)
                self.greatest[at] = np.maximum(self.greatest[at], answer.x)
        return answers


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


def _links(
    publications: Sequence[Told], unchanged: Mapping[tuple[int, int], Collection[Cell]]
) -> Iterator[Sum]:
    for (one, other), cells in unchanged.items():
        earlier, later = publications[one], publications[other]
        for cell in cells:
            terms: list[tuple[Unknown, int]] = [
                ((number, cell), sign)
                for number, sign in ((one, 1), (other, -1))
                if cell in publications[number].hidden
            ]
            if terms:
                yield terms, later.figures.get(cell, 0) - earlier.figures.get(cell, 0)


@dataclass
class Series:
    """Publications one after the other, each controlled as the service does it."""

    design: Design
    kept: list[Frozen] = field(default_factory=list)

    def publish(self, figures: Mapping[Cell, int], *, alone: bool = False) -> dict[Cell, Reason]:
        """Control a round beside those that are public; `alone` forgets of them."""
        whole = tables(figures, self.design)
        hidden = control(whole, self.design, () if alone else self.kept)
        values = dict.fromkeys(hidden, 0) | whole.values
        dimensions = frozenset(whole.dimensions)
        self.kept.append(Frozen(values, frozenset(hidden), whole.leaves, dimensions))
        return hidden

    def attacked(self, every: int = 1, enough: float = float("inf")) -> dict[Unknown, float]:
        """
        Return how wide every hidden cell is left, or each so-manieth of them.

        The attacker knows of each two publications every figure that is the same in both, and
        that a hidden figure is at least one, and even where a zero is hidden in its place.
        """
        publications = [told(each.values, each.hidden) for each in self.kept]
        unknowns = list(_unknowns(publications))
        pairs = [(one, other) for other in range(len(self.kept)) for one in range(other)]
        same = {(one, other): self._same(one, other) for one, other in pairs}
        floors = {
            (number, cell): min(self.design.lowest(cell[1]), self.kept[number].values[cell])
            for number, cell in unknowns
        }
        return widths(
            publications,
            unchanged=same,
            floors=floors,
            targets=unknowns[::every],
            enough=enough,
        )

    def _same(self, one: int, other: int) -> list[Cell]:
        """Return the cells of the same places that count the same, a zero for what is missing."""
        earlier, later = self.kept[one], self.kept[other]
        both = {place for place, of in earlier.coverage.items() if later.coverage.get(place) == of}
        return [
            cell
            for cell in sorted({*earlier.values, *later.values})
            if cell[0] in both and earlier.values.get(cell, 0) == later.values.get(cell, 0)
        ]


def main(path: str, *shares: str) -> None:
    """
    Attack a workbook's tables, then with a next round in which a share was counted anew.

    With `--files` first, both are published and all that is public of them is collected: each
    answer, each file.
    """
    if path == "--files":
        path, *shares_of = shares
        asyncio.run(_attack_files(_figures(path), [float(each) for each in shares_of]))
        return
    design, figures = Design(), _figures(path)
    series = Series(design)
    series.publish(figures)
    _tell_what_is_hidden(series.kept[0])
    _tell("the round", design, series.attacked(enough=3 * design.k))
    for share in shares:
        pair = Series(design, series.kept[:1])
        hidden = pair.publish(recounted(figures, float(share)))
        same = len(pair.kept[0].same_as(pair.kept[1]))
        print(f"next round, {share} counted anew: {same} same, {len(hidden)} hidden")
        _tell("both together", design, pair.attacked(enough=3 * design.k))


def _figures(path: str) -> dict[Cell, int]:
    return of_workbook(workbook.read(Path(path).read_bytes())).figures


async def _attack_files(figures: dict[Cell, int], shares: Sequence[float]) -> None:
    # It attacks what it finds by what is here.
    from tests.tracking.harvest import published_and_found  # noqa: PLC0415 - The line above.

    for share in shares:
        both = [figures, recounted(figures, share)]
        found = await published_and_found(both)
        print(f"next round, {share} counted anew: {found.told} told in {found.ways} ways,")
        print(f"  otherwise than in the table: {found.otherwise}, narrowest {found.narrowest:g}")


def _tell_what_is_hidden(kept: Frozen) -> None:
    for dimension in (TOTAL, *sorted(kept.dimensions)):
        cells = [cell for cell in kept.values if cell[1] == dimension]
        people = sum(kept.values[cell] for cell in cells)
        held = sum(kept.values[cell] for cell in cells if cell in kept.hidden)
        count = sum(cell in kept.hidden for cell in cells)
        share = f"{held / people:.2%} of what they count"
        print(f"{dimension:12} {count:5} of {len(cells):5} cells hidden, {share}")


def _tell(what: str, design: Design, found: Mapping[Unknown, float]) -> None:
    within = sum(width <= design.k for width in found.values())
    narrowest = min(found.values())
    print(f"attacked {what}: {len(found)} cells, narrowest {narrowest:g}, within k {within}")


if __name__ == "__main__":
    main(*sys.argv[1:])
