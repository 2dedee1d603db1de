"""
Where people of a round come from, as a table of its own beside the others; no I/O.

From where to where people went is told of regions only, and hidden below twice as many people as
other figures. The totals of regions stand in both tables: they are known here as they are told
there, and where one of them is hidden there, nothing of this is published.
"""

from collections.abc import Mapping, Sequence

from services.tracking.disclosure.control import control
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import (
    ORIGIN_DESTINATION_K,
    OTHER,
    SMALLEST_FLOWS,
    TOTAL,
    Cell,
    Design,
    Reason,
    Values,
)
from services.tracking.disclosure.tables import Tables, tables
from services.tracking.rounds.labels import OWN, PCODE, PLACES

DESIGN = Design(k=ORIGIN_DESTINATION_K, sensitive=frozenset())


def folded(figures: Mapping[Cell, int]) -> Values:
    """Return the origins of a round and its totals, all of them by regions."""
    found: Values = {}
    for (place, dimension, category), value in figures.items():
        if dimension in {TOTAL, *PLACES}:
            where = place[:SMALLEST_FLOWS]
            cell = (where, dimension, _folded(category) if dimension in PLACES else category)
            found[cell] = found.get(cell, 0) + value
    return found if any(dimension in PLACES for _, dimension, _ in found) else {}


def _folded(category: str) -> str:
    if PCODE.fullmatch(category):
        return category[:SMALLEST_FLOWS]
    # What is kept under a label of its own may be a village.
    return OTHER if category.startswith(OWN) else category


def beside(
    figures: Values, others: Tables, hidden: Mapping[Cell, Reason], before: Sequence[Frozen]
) -> tuple[Values, dict[Cell, Reason]]:
    """
    Return the cells of origins, and which are hidden, beside the `others` with what these hide.

    `before` are the origins that are public already. CannotProtectError when there is no way.
    """
    if not figures:
        return {}, {}
    kept = tables(figures, DESIGN)
    totals = {cell: value for cell, value in others.values.items() if cell in kept.values}
    secret = frozenset(cell for cell in hidden if cell in totals)
    known = Frozen(totals, secret, kept.leaves, frozenset())
    chosen = control(kept, DESIGN, [known, *before])
    return (
        {cell: value for cell, value in kept.values.items() if cell[1] in PLACES},
        {cell: reason for cell, reason in chosen.items() if cell[1] in PLACES},
    )
