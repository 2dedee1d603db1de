"""
Whether two people score enough, for the many pairs of which nobody will ask the reasons.

To compare names takes longest. Nearly all who share a key could not score enough however well
their other names agreed, by the given name beside all but the names, or by the grandfather's as
well. A whole register is looked through by the same bounds (weighing.py).
"""

from collections.abc import Iterable
from functools import lru_cache

from services.registration.matching.births import born, nearness
from services.registration.matching.closeness import closest
from services.registration.matching.description import Description
from services.registration.matching.evidence import Level, Weights, levels_beside_names, levels_of
from services.registration.matching.tables import LEVELS, NEARNESSES, ROUNDING, Tables

LEVEL_PLACES = {level: place for place, level in enumerate(LEVELS)}
NEAR_PLACES = {near: place for place, near in enumerate(NEARNESSES)}


def may_score(left: Description, right: Description, least: float, by: Weights) -> bool:
    """Say whether two score so much, or less by what rounding makes of a sum."""
    birth = born(left, right)
    lacking = least - ROUNDING - _sum(levels_beside_names(left, right, birth), by)
    most, near = _tables(by), NEAR_PLACES[nearness(birth)]
    given = _agrees("given", left, right, by)
    if most.most_by_given[near, given] < lacking:
        return False
    grandfather = _agrees("grandfather", left, right, by)
    if most.most_by_both[near, given, grandfather] < lacking:
        return False
    return score_of(left, right, by) >= least - ROUNDING


def score_of(left: Description, right: Description, by: Weights) -> float:
    return _sum(levels_of(left, right, by.transducer), by)


def _sum(levels: Iterable[Level], by: Weights) -> float:
    return by.start + sum(by.bits.get(level, 0.0) for level in levels)


def _agrees(part: str, left: Description, right: Description, by: Weights) -> int:
    """Return the place in LEVELS of how far two agree in a part of the name."""
    found = closest(left.sounding(part), right.sounding(part), by.transducer)
    return LEVEL_PLACES[found.level if found else "missing"]


_tables = lru_cache(maxsize=1)(Tables.of)
