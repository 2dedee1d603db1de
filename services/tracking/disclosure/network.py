"""
The tables of one dimension as a network, in which a change that keeps all sums is a circle.

A cell of a category is an edge from its place to the place above, in a tree of its own for each
category; the trees are joined where the categories of a smallest place sum to its total, and at
the top. The totals are one more tree, whose edges count the other way. Every cell stands in two
sums, so whoever raises it follows a circle, on which he lowers or raises each next cell by as
much: an edge upwards is a raise, an edge downwards a cut, and the reverse among the totals.
(L. H. Cox, Network models for complementary cell suppression, 1995.)
"""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.tracking.disclosure.rules import TOTAL, Cell, parent

Node = int
CellId = int
Step = tuple[CellId, Node, bool]
"""A cell, the node at its other end, and whether a walk that way raises it."""
Leg = tuple[CellId, Node, Node]
"""A cell that was walked, from where and to where."""


@dataclass(frozen=True)
class Walk:
    price: float
    legs: list[Leg]


@dataclass(frozen=True)
class Terms:
    """What a walk may use, and at what price, each by the cell's number."""

    may_rise: Sequence[bool]
    may_fall: Sequence[bool]
    price: Sequence[float]


class Network:
    """The cells of one dimension, with the totals, between numbered nodes."""

    def __init__(
        self, dimension: str, leaves: Collection[str], numbers: Mapping[Cell, CellId]
    ) -> None:
        self.steps: list[list[Step]] = []
        self.ends: dict[CellId, tuple[Node, Node]] = {}
        self.place_of: dict[Node, str] = {}
        self._nodes: dict[tuple[str, str], Node] = {}
        self._leaves = leaves
        for cell, number in numbers.items():
            if cell[1] in {dimension, TOTAL}:
                self._join(cell, number)

    def row(self, place: str) -> Node:
        """Return the node at which the categories of a smallest place sum to its total."""
        node = self._node(place, "row")
        self.place_of[node] = place
        return node

    def _join(self, cell: Cell, number: CellId) -> None:
        place, dimension, category = cell
        above = parent(place)
        if above is None and dimension == TOTAL:
            return  # The whole country's total is always told, so that it never moves.
        tree = f"{dimension}/{category}"
        low = self.row(place) if place in self._leaves else self._node(place, tree)
        high = self._node("", "top") if above is None else self._node(above, tree)
        upwards_rises = dimension != TOTAL
        self.steps[low].append((number, high, upwards_rises))
        self.steps[high].append((number, low, not upwards_rises))
        # In the order in which a walk raises the cell.
        self.ends[number] = (low, high) if upwards_rises else (high, low)

    def _node(self, place: str, tree: str) -> Node:
        node = self._nodes.setdefault((place, tree), len(self._nodes))
        if node == len(self.steps):
            self.steps.append([])
        return node

    def cheapest(
        self, start: Node, goal: Node, terms: Terms, without: Collection[CellId]
    ) -> Walk | None:
        """Return the cheapest walk and its price, or nothing when there is no way."""
        may_rise, may_fall, price, steps = terms.may_rise, terms.may_fall, terms.price, self.steps
        push, pop = heapq.heappush, heapq.heappop
        best = {start: 0.0}
        came: dict[Node, tuple[Node, CellId]] = {}
        waiting = [(0.0, start)]
        while waiting:
            spent, node = pop(waiting)
            if node == goal:
                return Walk(spent, _walked(came, start, goal))
            if spent > best[node]:
                continue
            for cell, other, rises in steps[node]:
                if (may_rise if rises else may_fall)[cell] and cell not in without:
                    cost = spent + price[cell]
                    if other not in best or cost < best[other]:
                        best[other] = cost
                        came[other] = (node, cell)
                        push(waiting, (cost, other))
        return None


def _walked(came: dict[Node, tuple[Node, CellId]], start: Node, goal: Node) -> list[Leg]:
    legs: list[Leg] = []
    node = goal
    while node != start:
        before, cell = came[node]
        legs.append((cell, before, node))
        node = before
    return legs[::-1]
