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
FAR = float("inf")


@dataclass(frozen=True)
class Walk:
    price: float
    legs: list[Leg]


@dataclass(frozen=True, eq=False)
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
        self._open: dict[Terms, list[list[tuple[CellId, Node]]]] = {}
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
        # Nearly all the time of a publication is spent here, so it asks what costs least first.
        price, steps = terms.price, self._steps_open(terms)
        push, pop = heapq.heappush, heapq.heappop
        best = [FAR] * len(steps)
        came = [(start, 0)] * len(steps)
        best[start] = 0.0
        waiting = [(0.0, start)]
        # Whoever arrives did so by one of these steps, so that a dearer start of one is vain.
        last = min((price[cell] for cell, _, _ in self.steps[goal]), default=0.0)
        while waiting:
            spent, node = pop(waiting)
            if node == goal or spent + last >= best[goal]:
                return Walk(best[goal], _walked(came, start, goal))
            if spent > best[node]:
                continue
            for cell, other in steps[node]:
                cost = spent + price[cell]
                if cost < best[other] and cell not in without:
                    best[other] = cost
                    came[other] = node, cell
                    push(waiting, (cost, other))
        return None

    def _steps_open(self, terms: Terms) -> list[list[tuple[CellId, Node]]]:
        """Return from each node the steps that these terms allow."""
        if len(self._open.get(terms, ())) != len(self.steps):
            rise, fall = terms.may_rise, terms.may_fall
            self._open[terms] = [
                [(cell, to) for cell, to, rises in steps if (rise if rises else fall)[cell]]
                for steps in self.steps
            ]
        return self._open[terms]


def _walked(came: Sequence[tuple[Node, CellId]], start: Node, goal: Node) -> list[Leg]:
    legs: list[Leg] = []
    node = goal
    while node != start:
        before, cell = came[node]
        legs.append((cell, before, node))
        node = before
    return legs[::-1]
