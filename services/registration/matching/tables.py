"""What each level of agreement weighs (evidence.py), to be looked up for many pairs at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.registration.matching.births import nearness
from services.registration.matching.description import PARTS
from services.registration.matching.evidence import CLOSENESS, KINDS, RARITIES, Weights

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
