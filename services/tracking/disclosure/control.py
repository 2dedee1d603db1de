"""
Chooses what a round's tables hide, so that nothing hidden can be computed from what is told.

Each hidden cell is given a circle (see network.py) on which all cells are hidden and may move by
the protection at once: the tables as they are and the tables moved along it are both possible, so
no reader, whatever they compute, can tell a width below the protection. One circle protects all
cells on it. The cheapest is taken, where a cell costs the people it hides and nothing if it is
hidden already.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from services.tracking.disclosure.network import CellId, Leg, Network, Terms
from services.tracking.disclosure.pairs import HIDDEN_ALREADY, Frozen, Way, ways
from services.tracking.disclosure.programme import NOTICEABLE, Programme
from services.tracking.disclosure.rings import Rings
from services.tracking.disclosure.rules import TOTAL, Cell, Design, Reason
from services.tracking.disclosure.tables import Tables

TOTAL_COSTS = 4
"""A total is worth more to readers than one of its categories."""
MOST_PARTNERS = 25
NOTHING_NEW = 1.0
"""What hides nothing that is not hidden yet costs less than this."""


class CannotProtectError(Exception):
    """Cells that no hiding of others protects; `cells` are theirs and told to analysts only."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        super().__init__(f"{len(cells)} cells cannot be protected")
        self.cells = tuple(cells)


@dataclass(frozen=True)
class Circle:
    """Cells that move together, and what it costs to hide those that are not hidden yet."""

    price: float
    cells: frozenset[CellId]
    moves: tuple[Frozen, ...]
    rings: Rings
    legs: Sequence[Leg]


@dataclass
class Ledger:
    """Cells by number: what they hold, what is hidden and why, and which have their circle."""

    cells: list[Cell]
    values: list[int]
    price: list[float]
    hidden: dict[CellId, Reason] = field(default_factory=dict)
    protected: set[CellId] = field(default_factory=set)

    def hide(self, cell: CellId, reason: Reason) -> None:
        self.hidden.setdefault(cell, reason)
        self.price[cell] = HIDDEN_ALREADY


def control(tables: Tables, design: Design, before: Sequence[Frozen] = ()) -> dict[Cell, Reason]:
    """
    Return the cells to hide, each with its reason.

    `before` are tables that are public already and may hold the same figures: what they hide must
    not come out by these, nor the reverse. Raises CannotProtectError when there is no way.
    """
    return Control(tables, design, before).run()


class Control:
    """One run over one set of tables."""

    def __init__(self, tables: Tables, design: Design, before: Sequence[Frozen]) -> None:
        self.tables, self.design, self.before = tables, design, before
        cells = sorted({*tables.values, *chain.from_iterable(each.values for each in before)})
        cells = [cell for cell in cells if cell[1] in {TOTAL, *tables.dimensions}]
        numbers = {cell: number for number, cell in enumerate(cells)}
        values = [tables.values.get(cell, 0) for cell in cells]
        price = [
            (value + 1.0) * (TOTAL_COSTS if cell[1] == TOTAL else 1)
            for cell, value in zip(cells, values, strict=True)
        ]
        self.ledger = Ledger(cells, values, price)
        leaves = tables.leaves.union(*(each.leaves for each in before))
        self.networks = {each: Network(each, leaves, numbers) for each in tables.dimensions}
        self.totals = frozenset(i for i, cell in enumerate(cells) if cell[1] == TOTAL)
        self.numbers = numbers
        self.same = {each: each.same_as(tables) for each in before}
        # What is told already cannot be protected any more; still it is not told again.
        self.known = {
            numbers[cell]
            for each in before
            for cell in self.same[each] - each.hidden
            if cell in numbers
        }
        self.ways = ways(cells, tables, design, before, price)
        self.alone = {each: each.alone(cells, self.same[each], tables, design) for each in before}
        self.programme = Programme(tables, before, self.networks, numbers, price, design)
        self.safe: dict[Frozen, set[CellId]] = {each: set() for each in before}
        self.rings: dict[tuple[str, Way], Rings] = {}

    def run(self) -> dict[Cell, Reason]:
        ledger = self.ledger
        for number in self._primary():
            ledger.hide(number, "primary")
        for number in self._held():
            ledger.hide(number, "complementary")
        unprotected = self._protect_all() + self._protect_what_was_hidden_before()
        unprotected += self._protect_all()
        if unprotected:
            raise CannotProtectError(unprotected)
        return {ledger.cells[number]: reason for number, reason in ledger.hidden.items()}

    def _protect_all(self) -> list[Cell]:
        """Protect what is hidden, and what is hidden for it; return what cannot be."""
        ledger, left = self.ledger, list[Cell]()
        tried: set[CellId] = set()
        while waiting := ledger.hidden.keys() - ledger.protected - tried - self.known:
            for number in sorted(waiting, key=self._order):
                tried.add(number)
                if number not in ledger.protected and not self._protect(number):
                    left.append(ledger.cells[number])
        return left

    def _primary(self) -> Iterator[CellId]:
        for (place, dimension, category), value in self.tables.values.items():
            if self.design.is_primary(dimension, value, self.tables.whole(place)):
                yield self.numbers[place, dimension, category]

    def _held(self) -> Iterator[CellId]:
        """Yield what was hidden before and is the same now: told now, it would be told of then."""
        for each in self.before:
            for cell in each.hidden & self.same[each]:
                if cell in self.numbers:
                    yield self.numbers[cell]

    def _order(self, number: CellId) -> tuple[int, int, Cell]:
        # Sums before parts, totals before all: their circles protect what lies below as well.
        cell = self.ledger.cells[number]
        return (cell[1] != TOTAL, len(cell[0]), cell)

    def _protect_what_was_hidden_before(self) -> list[Cell]:
        return [
            self.ledger.cells[number]
            for frozen in self.before
            for number in sorted(self.numbers[cell] for cell in frozen.hidden & self.numbers.keys())
            if number not in self.safe[frozen] and not self._keep_safe(number, frozen)
        ]

    def _keep_safe(self, number: CellId, frozen: Frozen) -> bool:
        if alone := self._circle(number, [self.alone[frozen]]):
            self.safe[frozen] |= alone.cells
            self._join(alone)
            return True
        together = [way for way in self.ways if frozen in way.moves]
        return self._accept(self._circle(number, together)) or self._move(number, frozen)

    def _protect(self, number: CellId) -> bool:
        circle = self._circle(number, self.ways)
        return self._accept(circle) or self._move(number, self.tables)

    def _accept(self, circle: Circle | None) -> bool:
        if circle is None:
            return False
        for each in circle.cells:
            self.ledger.hide(each, "complementary")
        self.ledger.protected |= circle.cells
        for frozen in circle.moves:
            self.safe[frozen] |= circle.cells
        self._join(circle)
        return True

    def _move(self, number: CellId, of: Tables | Frozen) -> bool:
        """Protect a cell by many that move a little each; those are protected in their turn."""
        move = self.programme.move(self.ledger.cells[number], of)
        if move is None:
            return False
        width = self.design.protection - NOTICEABLE
        for cell, by in move.new.items():
            self.ledger.hide(self.numbers[cell], "complementary")
            if by >= width:
                self.ledger.protected.add(self.numbers[cell])
        for frozen, moved in move.frozen.items():
            far = {self.numbers[cell] for cell, by in moved.items() if by >= width}
            self.safe[frozen] |= far
        return True

    def _join(self, circle: Circle) -> None:
        if not circle.cells & self.totals:
            circle.rings.join(circle.legs)

    def _circle(self, number: CellId, ways: Sequence[Way]) -> Circle | None:
        """Return the cheapest circle through a cell, with what moves in other dimensions."""
        dimension = self.ledger.cells[number][1]
        home = self.tables.dimensions[0] if dimension == TOTAL else dimension
        tries = [(way, rises) for way in ways for rises in (True, False)]
        near = [self._without_totals(number, home, way, rises=rises) for way, rises in tries]
        found = [circle for circle in near if circle]
        best = min(found, key=lambda circle: circle.price, default=None)
        if best and (best.price < NOTHING_NEW or best.price < self._two_totals_cost()):
            return best
        far = [self._through(number, home, way, rises=rises) for way, rises in tries]
        found += [circle for circle in far if circle]
        return min(found, key=lambda circle: circle.price, default=None)

    def _two_totals_cost(self) -> float:
        """Return less than what a circle costs on which totals move: at least two of them do."""
        return 2 * min((self.ledger.price[total] for total in self.totals), default=0.0)

    def _without_totals(
        self, number: CellId, dimension: str, way: Way, *, rises: bool
    ) -> Circle | None:
        if number in self.totals:
            return None
        rings = self._rings(dimension, way)
        walk = rings.through(number, rises=rises)
        if walk is None:
            return None
        cells = frozenset(cell for cell, _, _ in walk.legs)
        return Circle(walk.price, cells, way.moves, rings, walk.legs)

    def _rings(self, dimension: str, way: Way) -> Rings:
        if (dimension, way) not in self.rings:
            network = self.networks[dimension]
            self.rings[dimension, way] = Rings(network, way.terms, self.totals)
        return self.rings[dimension, way]

    def _through(self, number: CellId, dimension: str, way: Way, *, rises: bool) -> Circle | None:
        network, terms = self.networks[dimension], way.terms
        ends = network.ends.get(number)
        may = terms.may_rise if rises else terms.may_fall
        if ends is None or not may[number] or (number in self.totals and not way.totals_move):
            return None
        start, end = ends if rises else ends[::-1]
        banned = {number} if way.totals_move else {number, *self.totals}
        for _ in range(MOST_PARTNERS):
            walk = network.cheapest(end, start, terms, banned)
            if walk is None:
                return None
            legs = [(number, start, end), *walk.legs]
            cells = self._with_companions(legs, dimension, terms)
            if not isinstance(cells, CellId):
                rings = self._rings(dimension, way)
                return Circle(walk.price, frozenset(cells), way.moves, rings, legs)
            banned.add(cells)
        return None

    def _with_companions(
        self, legs: list[Leg], dimension: str, terms: Terms
    ) -> set[CellId] | CellId:
        """
        Return the cells of a circle and of all that has to move with its totals.

        Where people move from one total to another, they do so in each other dimension too. If
        one of these has no way, the total that is in the way is returned.
        """
        cells = {cell for cell, _, _ in legs}
        for first, last, partner in self._moved_totals(legs, dimension):
            for name, network in self.networks.items():
                if name == dimension:
                    continue
                walk = network.cheapest(
                    network.row(last), network.row(first), terms, {*self.totals, *cells}
                )
                if walk is None:
                    return partner
                cells |= {cell for cell, _, _ in walk.legs}
        return cells

    def _moved_totals(self, legs: list[Leg], dimension: str) -> Iterator[tuple[str, str, CellId]]:
        """Yield each way through the totals: from which place, to which, and by which cell."""
        moved = [cell in self.totals for cell, _, _ in legs]
        if not any(moved):
            return
        places = self.networks[dimension].place_of
        turn = next(i for i, is_total in enumerate(moved) if not is_total)
        way: list[Leg] = []
        for leg in [*legs[turn:], *legs[:turn], None]:
            if leg and leg[0] in self.totals:
                way.append(leg)
            elif way:
                # The target itself is never what another try leaves out.
                ends = [cell for cell, _, _ in (way[-1], way[0]) if cell != legs[0][0]]
                yield places[way[0][1]], places[way[-1][2]], ends[0] if ends else way[0][0]
                way = []
