"""Which chosen values make a round, decided without I/O."""

from collections.abc import Mapping
from typing import get_args

from chassis.problems import Fault, Problem
from services.tracking.places import rules as places
from services.tracking.rounds.counts import Key
from services.tracking.rounds.coverage import TOTAL
from services.tracking.rounds.models import Dimension

COUNTED = {TOTAL, "households", *get_args(Dimension)}


def figures(kept: Mapping[Key, int], chosen: Mapping[Key, int]) -> dict[Key, int]:
    """
    Return a round's figures with the chosen values in the place of what was kept.

    A category that nobody is in is none. Raises 409 where a place and one within it are counted:
    whoever is in the inner one would be counted twice.
    """
    told = {**kept, **{key: value for key, value in chosen.items() if key[1] in COUNTED}}
    told = {key: value for key, value in told.items() if value or key[1] == TOTAL}
    counted = {pcode for pcode, _, _ in told}
    twice = sorted({above for pcode in counted for above in places.ancestors(pcode)} & counted)
    if twice:
        detail = "Values are chosen for a place and for one within it; choose for one of them."
        faults = [Fault(pointer=pcode, code="counted_twice", detail=detail) for pcode in twice]
        raise Problem(409, "round-disagrees", detail, errors=faults)
    return told
