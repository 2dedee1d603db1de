"""What each level of agreement weighs (evidence.py), to be looked up for many pairs at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from services.registration.matching.births import nearness
from services.registration.matching.closeness import CLOSENESS, COMMON, KINDS, RARE, UNLIKE
from services.registration.matching.description import PARTS
from services.registration.matching.evidence import ALIKE, OTHER, RARITIES, Weights
from services.registration.matching.meetings import Closest
from services.registration.matching.register import Numbers

LEVELS = (*(level for _, level in CLOSENESS), "other", "missing")
KINDS_THERE = ("alike", "like", "far", "remote", "other", "missing")
RARITIES_THERE = ("short", "middling", "rare")
BIRTHS = (
    *("missing", "same_day", "day_and_month_swapped", "same_year", "other_year"),
    *(f"year_{years}" for years in range(4)),
    *(f"estimated_{years}" for years in range(7)),
)
NEARNESSES = ("missing", "day", "near", "far")
TOLD = ("missing", "same", "other")
KIND_OF_LEVEL = np.array([KINDS_THERE.index(KINDS.get(level, level)) for level in LEVELS])
NEAR_OF_BIRTH = np.array([NEARNESSES.index(nearness(level)) for level in BIRTHS])
BELOW = np.array([*(least for least, _ in CLOSENESS), UNLIKE, -np.inf])
RATIOS = np.array([0.0, RARE, np.inf])
"""A likeness of each level, and one of each rarity."""
ROUNDING = 1e-6
"""By how much a sum of weights may differ from the same sum in another order."""

Table = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tables:
    """The weights in bits, by the places of their levels in the lists above."""

    parts: tuple[Table, ...]
    rarities: tuple[Table, ...]
    other_names: Table
    like_names: Table
    given_beside: Table
    given_and_born: Table
    names_and_born: Table
    born: Table
    told: dict[str, Table]
    crossed: float
    document_near: float
    start: float

    @classmethod
    def of(cls, by: Weights) -> "Tables":
        def bits(attribute: str, levels: Sequence[str], *shape: int) -> Table:
            found = np.array([by.bits.get((attribute, level), 0.0) for level in levels])
            return found.reshape(shape or -1)

        counts, others = range(len(PARTS) + 1), range(len(PARTS))
        return cls(
            parts=tuple(bits(part, LEVELS) for part in PARTS),
            rarities=tuple(
                bits(RARITIES[part], [f"{a}_{b}" for a in LEVELS for b in RARITIES_THERE], -1, 3)
                for part in PARTS
            ),
            other_names=bits("other_names", [str(each) for each in counts]),
            like_names=bits("like_names", [str(each) for each in counts]),
            given_beside=bits(
                "given_beside",
                [f"{k}_{a}_alike_{o}_other" for k in KINDS_THERE for a in others for o in others],
                *(-1, len(PARTS), len(PARTS)),
            ),
            given_and_born=bits(
                "given_and_born", [f"{k}_{n}" for k in KINDS_THERE for n in NEARNESSES], -1, 4
            ),
            names_and_born=bits(
                "names_and_born",
                [f"{a}_like_{o}_other_{n}" for a in counts for o in counts for n in NEARNESSES],
                *(len(counts), len(counts), -1),
            ),
            born=bits("born", BIRTHS),
            told={
                attribute: bits(attribute, TOLD)
                for attribute in ("sex", "nationality", "phone", "document", "household")
            },
            crossed=by.bits.get(("order", "crossed"), 0.0),
            document_near=by.bits.get(("document", "near"), 0.0),
            start=by.start,
        )

    def names_say(self, names: Sequence[Closest], near: Numbers) -> Table:
        """Return what the names of each pair say whose births are so near."""
        levels = [levels_of(each) for each in names]
        scores = np.zeros(len(near))
        for part, each in enumerate(names):
            scores += self.parts[part][levels[part]]
            rarity = (each.ratio > COMMON).astype(np.int8) + (each.ratio > RARE)
            says_so = each.below >= CLOSENESS[3][0]
            scores += says_so * self.rarities[part][levels[part], rarity]
        alike = [(each.below >= ALIKE).astype(np.int8) for each in names]
        told = [each.told.astype(np.int8) for each in names]
        like, all_told = sum(alike), sum(told)
        others = sum((each.told & (each.below < OTHER)).astype(np.int8) for each in names)
        kind = KIND_OF_LEVEL[levels[0]]
        beside = like - alike[0]
        scores += self.other_names[others] + self.like_names[like]
        scores += self.given_beside[kind, beside, all_told - told[0] - beside]
        scores += self.given_and_born[kind, near]
        scores += self.names_and_born[like, all_told - like, near]
        return scores

    @cached_property
    def most_by_given(self) -> Table:
        """What all names say at most, by the nearness of births and the level of the given one."""
        most: Table = self._most_of_names.max(axis=(2, 3, 4))
        return most

    @cached_property
    def most_by_both(self) -> Table:
        """The same by the levels of the given name and the grandfather's."""
        most: Table = self._most_of_names.max(axis=(2, 4))
        return most

    @cached_property
    def _most_of_names(self) -> Table:
        """What names say at most, by the nearness of births and the level of each."""
        levels = np.indices((len(LEVELS),) * len(PARTS)).reshape(len(PARTS), -1)
        names = [
            Closest(BELOW[level] > -np.inf, BELOW[level], RATIOS[rarities.argmax(axis=1)][level])
            for level, rarities in zip(levels, self.rarities, strict=True)
        ]
        shape = (len(LEVELS),) * len(PARTS)
        each = [
            self.names_say(names, np.full(levels.shape[1], near)).reshape(shape)
            for near in range(len(NEARNESSES))
        ]
        return np.stack(each) + max(self.crossed, 0.0)


def levels_of(name: Closest) -> Numbers:
    """Return the places in LEVELS of how alike names are."""
    # A name that is not told lies below the least of them too.
    level = (~name.told).astype(np.int8)
    for least, _ in CLOSENESS:
        level += name.below < least
    return level
