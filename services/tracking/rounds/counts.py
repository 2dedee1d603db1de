"""A round as it was counted, whatever file told it: figures by place, dimension and category."""

from dataclasses import dataclass, field

from services.tracking.needs.rules import Need
from services.tracking.rounds.coverage import TOTAL
from services.tracking.rounds.models import Population
from services.tracking.rounds.workbook import Counted, Workbook

Key = tuple[str, str, str]
"""A place, a dimension, and a category of it."""


@dataclass(frozen=True)
class RoundCounts:
    """
    A population in a round, at the smallest places that were assessed.

    `names` are (English, Arabic) by p-code, `points` latitude and longitude.
    """

    number: int
    population: Population
    period: str | None
    figures: dict[Key, int]
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    needs: list[Need] = field(default_factory=list)

    @property
    def individuals(self) -> int:
        return sum(n for (_, dimension, _), n in self.figures.items() if dimension == TOTAL)

    @property
    def places(self) -> int:
        return sum(dimension == TOTAL for _, dimension, _ in self.figures)


def of_row(row: Counted) -> dict[Key, int]:
    """Return what one row of the workbook says, by place, dimension and category."""
    if row.nationality is not None:
        return {(row.pcode, "nationality", row.nationality): row.total}
    told = {(row.pcode, TOTAL, ""): row.total}
    for dimension, group in row.groups.items():
        told |= {
            (row.pcode, dimension, category): value for category, value in group.items() if value
        }
    return told


def of_workbook(book: Workbook) -> RoundCounts:
    """Return the migrants of a published workbook; what it repeats adds up."""
    summed: dict[Key, int] = {}
    for row in (*book.muhallas, *book.nationalities):
        for key, value in of_row(row).items():
            summed[key] = summed.get(key, 0) + value
    return RoundCounts(
        book.number, "migrant", book.period, summed, book.names, book.points, book.needs
    )
