"""
Circles of new tables and of frozen ones that go apart and meet again.

Where the two cannot move the same cells, each may take a way of its own between the same two
nodes, over cells that are not the same figure in both: then what the one learns of these says
nothing of the other.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.tracking.disclosure.network import NEVER, CellId, Network, Node, Terms, Walk

MOST_DETOURS = 400
"""Nodes at which a search looks for ways apart; each costs a search of its own."""


@dataclass(frozen=True)
class Stretch:
    """A part of the circle: the cells that move in the new tables, and those in the frozen."""

    price: float
    end: Node
    new: tuple[CellId, ...]
    frozen: tuple[CellId, ...]


@dataclass
class Joint:
    """A search over both tables; `together`, `new` and `frozen` say what may move in which."""

    network: Network
    together: Terms
    new: Terms
    frozen: Terms
    totals: frozenset[CellId]
    _apart: dict[Node, list[Stretch]] = field(default_factory=dict)

    def circle(
        self, number: CellId, *, rises: bool, of_new: bool
    ) -> tuple[set[CellId], set[CellId]] | None:
        """
        Return the cells of a circle: of the new tables, and of the frozen.

        It passes through one cell of the new tables, or (not `of_new`) of the frozen ones.
        """
        ends = self.network.ends.get(number)
        if ends is None or number in self.totals:
            return None
        start, end = ends if rises else ends[::-1]
        for first in self._first(number, (start, end), rises=rises, of_new=of_new):
            stretches = self._back(end, start)
            if stretches is None:
                return None
            stretches = [first, *stretches]
            new = [cell for each in stretches for cell in each.new]
            frozen = [cell for each in stretches for cell in each.frozen]
            # A cell that is met twice would move twice as far, or not at all.
            if len(set(new)) == len(new) and len(set(frozen)) == len(frozen):
                return set(new), set(frozen)
        return None

    def _first(
        self, number: CellId, ends: tuple[Node, Node], *, rises: bool, of_new: bool
    ) -> Iterator[Stretch]:
        start, end = ends
        here, there = (self.new, self.frozen) if of_new else (self.frozen, self.new)

        def may(terms: Terms) -> bool:
            return (terms.may_rise if rises else terms.may_fall)[number]

        if may(self.together):
            yield Stretch(self.together.price[number], end, (number,), (number,))
        if may(here):
            other = self.network.cheapest(start, end, there, {number, *self.totals})
            if other and of_new:
                yield Stretch(here.price[number], end, (number,), _cells(other))
            elif other:
                yield Stretch(other.price, end, _cells(other), (number,))

    def _back(self, start: Node, goal: Node) -> list[Stretch] | None:
        best = {start: 0.0}
        came: dict[Node, tuple[Node, Stretch]] = {}
        waiting = [(0.0, start)]
        while waiting:
            spent, node = heapq.heappop(waiting)
            if node == goal:
                break
            if spent > best[node]:
                continue
            for stretch in (*self._same_cell(node), *self._own_ways(node)):
                cost = spent + stretch.price
                if cost < best.get(stretch.end, NEVER):
                    best[stretch.end] = cost
                    came[stretch.end] = (node, stretch)
                    heapq.heappush(waiting, (cost, stretch.end))
        if goal not in came:
            return None
        stretches, node = [], goal
        while node != start:
            node, stretch = came[node]
            stretches.append(stretch)
        return stretches

    def _same_cell(self, node: Node) -> Iterator[Stretch]:
        terms = self.together
        for cell, other, rises in self.network.steps[node]:
            if cell not in self.totals and (terms.may_rise if rises else terms.may_fall)[cell]:
                yield Stretch(terms.price[cell], other, (cell,), (cell,))

    def _own_ways(self, node: Node) -> list[Stretch]:
        if node not in self._apart:
            if len(self._apart) >= MOST_DETOURS:
                return []
            reached = self.network.reached(node, self.frozen, self.totals)
            mine = self.network.reached(node, self.new, self.totals, reached.keys())
            self._apart[node] = [
                Stretch(mine[end].price, end, _cells(mine[end]), _cells(walk))
                for end, walk in reached.items()
                if end in mine
            ]
        return self._apart[node]


def _cells(walk: Walk) -> tuple[CellId, ...]:
    return tuple(cell for cell, _, _ in walk.legs)
