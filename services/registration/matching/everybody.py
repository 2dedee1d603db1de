"""Which pairs of a whole register may be one person's, found in arrays; compared in full after."""

from collections.abc import Iterator
from typing import NamedTuple

from services.registration.matching.blocks import Blocks
from services.registration.matching.description import Description
from services.registration.matching.evidence import Weights
from services.registration.matching.register import Numbers, Register
from services.registration.matching.weighing import Weighing

WEIGHED_AT_ONCE = 1 << 17
ROUNDING = 1e-6
"""By how much a sum of weights may differ from the same sum in another order."""


class Found(NamedTuple):
    """Pairs of the places of people, the lesser first, sorted by the greater; each pair once."""

    left: Numbers
    right: Numbers


class Everybody:
    """People by the places in which they are added."""

    def __init__(self) -> None:
        self._register, self._blocks = Register(), Blocks()

    def __len__(self) -> int:
        return len(self._register)

    def add(self, person: Description) -> int:
        """Add somebody; return under how many keys they are kept."""
        self._register.add(person)
        return self._blocks.add(person)

    def look(self, by: Weights) -> Iterator[tuple[int, Found]]:
        """
        Look for who may be one person, a piece after the other.

        Yields how many pairs a piece had, and those of them that may score enough to be kept.
        """
        weighing = Weighing(self._register.columns(), self._register.names(), by)
        for left, right in self._blocks.pairs():
            for begin in range(0, len(left), WEIGHED_AT_ONCE):
                some = slice(begin, begin + WEIGHED_AT_ONCE)
                yield len(left[some]), _enough(weighing, left[some], right[some], by)


def _enough(weighing: Weighing, left: Numbers, right: Numbers, by: Weights) -> Found:
    least = by.possible - ROUNDING
    promising = weighing.promising(left, right, least)
    left, right = left[promising], right[promising]
    enough = weighing.most(left, right) >= least
    return Found(left[enough], right[enough])
