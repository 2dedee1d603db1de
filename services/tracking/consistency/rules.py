"""Whether parts sum to their wholes, whatever brought the figures in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TOTAL = "total"
HOUSEHOLDS = "households"
"""The dimension in which households are counted: no parts of the total, but never more than it."""

Key = tuple[str, str, str]
Where = tuple[str, str]
"""A place and a dimension."""


@dataclass(frozen=True, order=True)
class Disagreement:
    pcode: str
    dimension: str
    parts: int
    whole: int


def disagreements(
    figures: Mapping[Key, int], stated: Mapping[Where, int]
) -> Iterator[Disagreement]:
    """
    Yield where categories do not sum to a total, or places not to what is stated of them.

    `figures` are of the smallest places; `stated` are totals as the source tells them.
    """
    sums: dict[Where, int] = {}
    totals: dict[str, int] = {}
    for (pcode, dimension, _), value in figures.items():
        if dimension == TOTAL:
            totals[pcode] = value
        else:
            sums[pcode, dimension] = sums.get((pcode, dimension), 0) + value
    dimensions = {dimension for _, dimension in sums} - {HOUSEHOLDS}
    for pcode in {*totals, *(pcode for pcode, _ in sums)}:
        whole = totals.get(pcode, 0)
        for dimension in dimensions:
            if (parts := sums.get((pcode, dimension), 0)) != whole:
                yield Disagreement(pcode, dimension, parts, whole)
        households = sums.get((pcode, HOUSEHOLDS))
        if households is not None and (households > whole or (whole and not households)):
            yield Disagreement(pcode, HOUSEHOLDS, households, whole)
    for (pcode, dimension), whole in stated.items():
        if dimension == TOTAL:
            parts = sum(value for place, value in totals.items() if place.startswith(pcode))
            if parts != whole:
                yield Disagreement(pcode, TOTAL, parts, whole)
