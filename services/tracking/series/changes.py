"""Change between rounds, and which part of it is only that other muhallas were assessed."""

from collections.abc import Iterable
from typing import NamedTuple


class Edge(NamedTuple):
    """A muhalla's figure in a round before which, or after which, it was not assessed."""

    round_number: int
    begins: bool
    ends: bool
    value: int


def told_apart(change: int, before: int, now: int, edges: Iterable[Edge]) -> tuple[int, int]:
    """
    Return the change in muhallas that both rounds assessed, and the rest of the change.

    Muhallas that came in add all they count, those that fell out take away all they counted.
    """
    coverage = 0
    for edge in edges:
        if edge.round_number == now and edge.begins:
            coverage += edge.value
        elif edge.round_number == before and edge.ends:
            coverage -= edge.value
    return change - coverage, coverage
