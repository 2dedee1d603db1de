"""Which pairs of a whole register may be one person's, found in arrays; compared in full after."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from services.registration.matching.abreast import abreast
from services.registration.matching.blocks import Blocks
from services.registration.matching.description import Description
from services.registration.matching.evidence import Weights
from services.registration.matching.finding import Finding
from services.registration.matching.register import Numbers, Register
from services.registration.matching.tables import ROUNDING
from services.registration.matching.weighing import Weighing


class Found(NamedTuple):
    """Pairs of the places of people, the lesser first, sorted by the lesser."""

    left: Numbers
    right: Numbers


NOBODY = Found(np.zeros(0, np.int64), np.zeros(0, np.int64))


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

        Yields how many pairs a piece had, and those of them that may score enough to be kept; one
        may be told twice. The first pieces, in which the keys are sorted, have none.
        """
        weighing = Weighing(self._register.columns(), self._register.names(), by)
        finding = Finding(self._blocks.keys())
        for _ in finding.sort():
            yield 0, NOBODY
        yield from abreast(partial(_weighed, finding, weighing, by.possible), finding.stretches())


def _weighed(
    finding: Finding, weighing: Weighing, possible: float, people: slice
) -> tuple[int, Found]:
    """Weigh some people against everybody; return how many pairs that were, and the likely ones."""
    least = possible - ROUNDING
    all_ = left, right = finding.pairs(people)
    promising = weighing.promising(left, right, least)
    left, right = left[promising], right[promising]
    enough = weighing.most(left, right) >= least
    return len(all_[0]), Found(left[enough], right[enough])
