"""
Circles that were found already, by which the next ones are found sooner.

Whoever follows a circle comes back, so its nodes are one ring: from each of them there is a way to
each other that hides nothing more. A hidden cell between two nodes of a ring is protected without a
circle of its own, and other circles are looked for from ring to ring: within one, the way goes on
by the circles that made it, and since rings share no node, no cell is on it twice.

Only circles without totals make rings: where totals move, other dimensions have to move as well.
"""

import heapq
from collections.abc import Collection, Iterable

from services.tracking.disclosure.network import CellId, Leg, Network, Node, Terms, Walk

Steps = list[list[tuple[CellId, Node]]]
"""By node: cells, and the node at the other end of each."""


class Rings:
    """The rings of one network under one set of terms; at first each node is one by itself."""

    def __init__(self, network: Network, terms: Terms, totals: Collection[CellId]) -> None:
        self._ends = network.ends
        self._terms = terms
        self._within = list(range(len(network.steps)))
        rise, fall = terms.may_rise, terms.may_fall
        inner = [[step for step in steps if step[0] not in totals] for steps in network.steps]
        self._ahead: Steps = [
            [(cell, to) for cell, to, rises in steps if (rise if rises else fall)[cell]]
            for steps in inner
        ]
        # Whoever comes from the other end raises what is lowered on the way there.
        self._back: Steps = [
            [(cell, to) for cell, to, rises in steps if (fall if rises else rise)[cell]]
            for steps in inner
        ]

    def through(self, cell: CellId, *, rises: bool) -> Walk | None:
        """Return the cheapest circle without totals by which a cell rises, or falls; if any."""
        ends, terms = self._ends.get(cell), self._terms
        if ends is None or not (terms.may_rise if rises else terms.may_fall)[cell]:
            return None
        start, end = ends if rises else ends[::-1]
        walk = self._cheapest(self._ring(end), self._ring(start), cell)
        return walk and Walk(walk.price, [(cell, start, end), *walk.legs])

    def join(self, legs: Iterable[Leg]) -> None:
        """Make one ring of all that a circle without totals runs through."""
        joined = {self._ring(node) for _, start, end in legs for node in (start, end)}
        whole = max(joined, key=lambda ring: len(self._ahead[ring]))
        for ring in joined - {whole}:
            self._within[ring] = whole
            for steps in (self._ahead, self._back):
                steps[whole] += steps[ring]
                steps[ring] = []

    def _ring(self, node: Node) -> Node:
        """Return the node by which the ring of a node is known."""
        within = self._within
        while (above := within[node]) != node:
            within[node] = node = within[above]
        return node

    def _cheapest(self, start: Node, goal: Node, without: CellId) -> Walk | None:
        """Return the cheapest walk from ring to ring; what lies within one costs nothing."""
        if start == goal:
            return Walk(0.0, [])
        steps = self._ahead
        # From the end that has fewer ways out, it is the same walk and sooner found.
        if len(self._back[goal]) < len(self._ahead[start]):
            start, goal, steps = goal, start, self._back
        price, push, pop = self._terms.price, heapq.heappush, heapq.heappop
        best, came = {start: 0.0}, dict[Node, tuple[CellId, Node]]()
        waiting = [(0.0, start)]
        while waiting:
            spent, ring = pop(waiting)
            if ring == goal:
                return Walk(spent, _walked(came, start, goal))
            if spent > best[ring]:
                continue
            for cell, other in self._out(steps, ring):
                cost = spent + price[cell]
                if cost < best.get(other, cost + 1) and cell != without:
                    best[other], came[other] = cost, (cell, ring)
                    push(waiting, (cost, other))
        return None

    def _out(self, steps: Steps, ring: Node) -> list[tuple[CellId, Node]]:
        """Return the steps that lead out of a ring; those within it are needed no more."""
        found = self._ring
        out = [(cell, other) for cell, to in steps[ring] if (other := found(to)) != ring]
        steps[ring] = out
        return out


def _walked(came: dict[Node, tuple[CellId, Node]], start: Node, goal: Node) -> list[Leg]:
    legs: list[Leg] = []
    node = goal
    while node != start:
        cell, before = came[node]
        legs.append((cell, before, node))
        node = before
    return legs
