"""
Tables of a round that is told by nothing but place; no I/O.

What moves a hidden total moves parts of it, so that control asks for a dimension. Where there is
none, the totals are one: everybody is of the one category `all`. It is never kept nor shown.
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

from services.tracking.disclosure.rules import TOTAL, Cell

WHOLE, ALL = "whole", "all"
Value = TypeVar("Value")


def with_parts(cells: Mapping[Cell, Value]) -> dict[Cell, Value]:
    """Return figures of totals with the parts that they need; others as they are."""
    if any(dimension != TOTAL for _, dimension, _ in cells):
        return dict(cells)
    return {**cells, **{(place, WHOLE, ALL): value for (place, _, _), value in cells.items()}}


def without_parts(cells: Mapping[Cell, Value]) -> dict[Cell, Value]:
    return {cell: value for cell, value in cells.items() if cell[1] != WHOLE}


def dimensions(told: Collection[str]) -> frozenset[str]:
    """Return what tables are told by, for control: their dimensions, or the whole as one."""
    return frozenset(told) or frozenset({WHOLE})
