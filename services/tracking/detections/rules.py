"""When a figure tells of displacement: over a threshold, or changed as no round before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from services.tracking.series.models import TrendPoint

FEWEST_CHANGES = 5
"""Of fewer earlier changes nobody can say what is usual."""
MOST_CHANGES = 12
"""Two years of rounds: what was usual before that is not now."""
WIDTH = 3.5
"""So many deviations from the median are unusual (Iglewicz and Hoaglin, 1993)."""
TO_SIGMA = 1.4826
"""By it a median deviation is that of a normal distribution."""
LEAST_SHARE = 0.02
"""Estimates of informants differ by more than this of the figure without anybody moving."""
LEAST_PEOPLE = 50


@dataclass(frozen=True)
class Found:
    """What is unusual about a figure, and the bounds that it broke."""

    kind: str
    value: int
    change: int | None
    low: int | None
    high: int
    rounds_compared: int


def unusual(points: Sequence[TrendPoint], threshold: int | None) -> list[Found]:
    """Return what is unusual about the last figure of a trend; the gaps in it count for nothing."""
    told = [each for each in points if each.value is not None]
    if not told:
        return []
    last = told[-1]
    found = [_over(told, threshold), _changed(told)]
    return [each for each in found if each and last.value is not None]


def _over(told: Sequence[TrendPoint], threshold: int | None) -> Found | None:
    """Say that the figure went over the threshold; one that was over it before did not."""
    *before, last = (each.value or 0 for each in told)
    if threshold is None or last < threshold or (before and before[-1] >= threshold):
        return None
    return Found("threshold", last, told[-1].change, None, threshold, len(before))


def _changed(told: Sequence[TrendPoint]) -> Found | None:
    """Say that the change is beyond the band of the earlier ones: their median and deviation."""
    changes = [_change(each) for each in told if each.change is not None]
    *before, last = changes or [0]
    before = before[-MOST_CHANGES:]
    if len(before) < FEWEST_CHANGES:
        return None
    low, high = band(before, around=told[-2].value or 0)
    if low <= last <= high:
        return None
    return Found("change", told[-1].value or 0, last, low, high, len(before))


def band(changes: Sequence[int], *, around: int) -> tuple[int, int]:
    """Return the lowest and the highest change that is usual, of a figure of such a size."""
    middle = median(changes)
    deviation = TO_SIGMA * median(abs(each - middle) for each in changes)
    reach = max(WIDTH * deviation, LEAST_SHARE * around, LEAST_PEOPLE)
    return round(middle - reach), round(middle + reach)


def _change(point: TrendPoint) -> int:
    """Return the change without what only other coverage makes of it, where that is known."""
    if point.change_same_places is not None:
        return point.change_same_places
    return point.change or 0


def explanation(kind: str, change: int | None, low: int | None, high: int, rounds: int) -> str:
    if kind == "threshold":
        return f"The figure reached the threshold of {high}, which it had not before."
    return (
        f"A change of {change:+} where {low:+} to {high:+} was usual, by the median and its "
        f"deviation over {rounds} earlier changes."
    )
