"""What a public table may not show, and how wide of the mark an attack on it must stay."""

from dataclasses import dataclass
from typing import Literal

PUBLIC_K = 10
ORIGIN_DESTINATION_K = 20
TOTAL = "total"
COUNTRY = 2
"""The length of a country's p-code; each level below adds two digits."""
SMALLEST_FLOWS = 4
"""The length of the p-codes to which origins and destinations are folded: level 1."""

SENSITIVE = frozenset({"permit"})
"""
Dimensions in which zeros and whole groups are hidden too.

That nobody somewhere has a permit, or everybody lacks one, tells it of each of them. In the
other dimensions a zero is published: it counts nobody, and a missing row would tell it anyway.
"""

CATEGORIES = {"permit": frozenset({"residency", "work", "none", "unknown"})}
"""What a sensitive dimension is divided into, so that a missing category tells nothing either."""

CONFINED = frozenset({"detention_centre", "detention", "safe_house", "protection_shelter"})
"""Categories that stand for places nobody may find; they are counted under OTHER."""
OTHER = "other"

Cell = tuple[str, str, str]
"""A place, a dimension (or TOTAL), and a category (empty for TOTAL)."""
Values = dict[Cell, int]
Reason = Literal["primary", "complementary"]
"""Hidden for its own sake, or because others could be computed with it."""


@dataclass(frozen=True)
class Design:
    """How a set of tables is controlled: decided before the figures are seen, and published."""

    k: int = PUBLIC_K
    sensitive: frozenset[str] = SENSITIVE

    @property
    def protection(self) -> int:
        """The least width that any attack must leave: wider than k, in whole people."""
        return self.k + 1

    def is_small(self, value: int) -> bool:
        return 0 < value < self.k

    def lowest(self, dimension: str) -> int:
        """Return what a reader of these rules knows of a hidden cell at least."""
        return 0 if dimension in self.sensitive else 1

    def is_primary(self, dimension: str, value: int, whole: int) -> bool:
        """Say whether a cell is hidden for its own sake; `whole` is the total of its place."""
        if self.is_small(value):
            return True
        return dimension in self.sensitive and whole > 0 and value in {0, whole}


def parent(pcode: str) -> str | None:
    return pcode[:-2] if len(pcode) > COUNTRY else None
