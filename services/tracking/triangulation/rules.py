"""What several estimates of one figure come to, decided without I/O."""

from collections.abc import Sequence
from statistics import median

from chassis.problems import Fault, Problem
from services.tracking.rounds.models import Confidence
from services.tracking.triangulation.models import ChoiceIn, Estimate, Said

SEVERAL = 3
AGREE, DIFFER = 0.25, 0.5
"""So far estimates are apart at most, in parts of the value, for a high and a medium confidence."""
RANKS = ("high", "medium", "untested", "low")
"""How far a source can be relied on, the furthest first."""


def spread(values: Sequence[int]) -> float | None:
    """Return how far estimates are apart in parts of their median; None about nobody."""
    middle = median(values)
    return round((max(values) - min(values)) / middle, 3) if middle else None


def confidence(estimates: int, lowest: int, highest: int, value: int) -> Confidence:
    """Return how far a chosen value can be relied on: by how many sources, and how far apart."""
    apart = (highest - lowest) / value if value else float(highest > lowest)
    if estimates >= SEVERAL and apart <= AGREE:
        return "high"
    return "medium" if estimates > 1 and apart <= DIFFER else "low"


def check(form: ChoiceIn, estimates: Sequence[Estimate]) -> None:
    """Raise 422 for a value that does not come out of the estimates as its method says."""
    values = [each.value for each in estimates]
    if not values:
        raise _refused("estimates", "Nobody has estimated this figure; there is nothing to choose.")
    if form.method == "median" and form.value not in _rounded(median(values)):
        raise _refused("median", "The value is not the median of the estimates.")
    if form.method == "source" and form.value not in values:
        raise _refused("source", "No source has estimated this value.")
    if form.method == "most_reliable":
        best = min(RANKS.index(each.reliability) for each in estimates)
        if form.value not in {e.value for e in estimates if RANKS.index(e.reliability) == best}:
            raise _refused("most_reliable", "None of the most reliable sources says this value.")


def _rounded(value: float) -> set[int]:
    """Return a median of two estimates rounded either way: nobody counts half a person."""
    return {int(value), int(value + 0.5)}


def _refused(code: str, detail: str) -> Problem:
    fault = Fault(pointer="/value", code=code, detail=detail)
    return Problem(422, "validation", detail, errors=[fault])


def said(estimates: Sequence[Estimate]) -> list[Said]:
    """Return the estimates in the order of their values, so that none is first by who it is."""
    ordered = sorted(estimates, key=lambda each: (each.value, each.source, each.reliability))
    return [Said.model_validate(each, from_attributes=True) for each in ordered]
