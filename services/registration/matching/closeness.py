"""How alike two spellings of a name are, and at which level that is."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from services.registration.matching.lookalikes import are_two_names
from services.registration.matching.sounding import PART, classes, spoken
from services.registration.matching.transducer import Transducer

CLOSENESS = (
    (-0.01, "same"),
    (-2.5, "respelt"),
    (-4.5, "near"),
    (-6.5, "like"),
    (-9.0, "loose"),
    (-12.0, "far"),
    (-16.0, "remote"),
)
"""How many bits a pair of spellings may lie below the mean of either with itself."""
UNLIKE = -99.0
FORMS = -3.0
"""How much less alike two names are for being compared by their forms elsewhere."""
OF_PART = -8.0
"""How much less alike two names are where one is a part of the other: brothers may share it."""
RARE, COMMON = 16.0, 11.0
KINDS = dict.fromkeys(("same", "respelt", "near"), "alike") | dict.fromkeys(("loose", "far"), "far")


class Closeness(NamedTuple):
    """How alike two spellings are."""

    below: float
    """How many bits they lie below the likeness of a spelling with itself."""
    ratio: float
    """Their likeness, in bits: the longer and the rarer the letters, the more it says."""
    level: str
    kind: str
    rarity: str
    """The level with how seldom chance makes such a likeness; empty where there is little of it."""


def closest(ours: Sequence[str], theirs: Sequence[str], transducer: Transducer) -> Closeness | None:
    """Compare two names by those of their spellings that are the most alike."""
    found = [
        _compared(transducer, *sorted((one, other)))
        for one in ours
        for other in theirs
        if one[0] != PART or other[0] != PART
    ]
    return max(found) if found else None


@lru_cache(maxsize=1 << 18)
def _compared(transducer: Transducer, one: str, other: str) -> Closeness:
    if one[0] == PART:
        found = _compared(transducer, *sorted((one[1:], other)))
        return _closeness(found.below + OF_PART, found.ratio)
    ratio = transducer.ratio(one, other)
    if one == other:
        return _closeness(0.0, ratio)
    if are_two_names(one, other):
        return _closeness(UNLIKE, ratio)
    alone = _compared(transducer, one, one).ratio + _compared(transducer, other, other).ratio
    below = ratio - alone / 2
    forms = spoken(one), spoken(other)
    if below < FORMS and forms != (one, other) and classes(forms[0]) == classes(forms[1]):
        as_forms = FORMS + _compared(transducer, min(forms), max(forms)).below
        if as_forms > below:
            return _closeness(as_forms, as_forms + alone / 2)
    return _closeness(below, ratio)


def _closeness(below: float, ratio: float) -> Closeness:
    level = next((level for least, level in CLOSENESS if below >= least), "other")
    # Long and seldom letters make a likeness that chance seldom makes.
    rarity = "rare" if ratio > RARE else "middling" if ratio > COMMON else "short"
    says_so = below >= CLOSENESS[3][0]
    return Closeness(
        below, ratio, level, KINDS.get(level, level), f"{level}_{rarity}" if says_so else ""
    )
