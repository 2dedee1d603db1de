"""A next round made of one: most muhallas as they were, some counted anew, few gone or new."""

import random
from collections import defaultdict
from collections.abc import Mapping

from services.tracking.disclosure.rules import TOTAL, Cell

CHANGES = (0.02, 0.05, 0.1, 0.3)
"""By what part a count may change; by one person at least."""
Rows = dict[str, dict[str, int]]
"""The counts of a muhalla by dimension and category."""


def recounted(figures: Mapping[Cell, int], share: float, seed: int = 54) -> dict[Cell, int]:
    """Return the figures of a round in which a share of the peopled muhallas was counted anew."""
    chance = random.Random(seed)  # noqa: S311 - Nothing here is secret.
    rows: defaultdict[str, Rows] = defaultdict(dict)
    for (place, dimension, category), value in sorted(figures.items()):
        rows[place].setdefault(dimension, {})[category] = value
    peopled = [place for place, of in rows.items() if of[TOTAL][""]]
    chosen = chance.sample(peopled, round(share * len(peopled)))
    for number, place in enumerate(chosen):
        if number % 50 == 49:
            del rows[place]  # Nobody could go there this time.
        else:
            _count_anew(rows[place], chance)
    return {
        (place, dimension, category): value
        for place, of in rows.items()
        for dimension, row in of.items()
        for category, value in row.items()
        if value or dimension == TOTAL
    }


def _count_anew(of: Rows, chance: random.Random) -> None:
    """Change some nationalities, and by as many in all a category or two of each other table."""
    nationalities = of["nationality"]
    before = sum(nationalities.values())
    several = min(len(nationalities), chance.choice((1, 1, 1, 2, 3)))
    for one in chance.sample(sorted(nationalities), several):
        by = max(1, round(nationalities[one] * chance.choice(CHANGES)))
        nationalities[one] = max(0, nationalities[one] + by * chance.choice((1, -1)))
    if chance.random() < 0.2:
        nationalities[chance.choice(("ERI", "ETH", "SYR", "GHA"))] = chance.choice((3, 6, 12))
    more = sum(nationalities.values()) - before
    for dimension in sorted(of.keys() - {"nationality"}):
        _spread(of[dimension], more, chance)


def _spread(row: dict[str, int], more: int, chance: random.Random) -> None:
    while more:
        largest = max(row, key=lambda each: row[each])
        category = chance.choice((largest, chance.choice(sorted(row))))
        step = max(more, -row[category])
        row[category] += step
        more -= step
