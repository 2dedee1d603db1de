"""What a round says of needs: the columns that tell them, and the codes of needs and reasons."""

import re
from collections.abc import Iterable
from typing import NamedTuple

COLUMN = re.compile(r"(?:priority_)?needs?_([1-9])(?:_(problem|reason|barrier|cause)s?)?")
SAME = {
    "water_sanitation_and_hygiene": "water",
    "wash": "water",
    "drinking_water": "water",
    "health_services": "health",
    "nfis": "nfi",
    "non_food_items": "nfi",
    "food_assistance": "food",
}
"""Needs that are named otherwise, and as the sectors of assistance are named."""
MOST_CODE = 64
NONE = frozenset({"", "na", "n_a", "none", "no_need", "لا_يوجد", "لا_شيء"})


class Asked(NamedTuple):
    """What a column tells: of the first need or a later one, itself or the reason for it."""

    priority: int
    of_reason: bool


class Need(NamedTuple):
    """A need that informants named of a place, how early they named it, and why it is one."""

    pcode: str
    priority: int
    need: str
    reason: str


def asked(header: str) -> Asked | None:
    """Return what a column tells of needs, as `Priority Need 1 - Problem`; None for others."""
    found = COLUMN.fullmatch(_key(header))
    if not found:
        return None
    return Asked(int(found[1]), bool(found[2]))


def told(pcode: str, cells: Iterable[tuple[Asked, str]]) -> list[Need]:
    """Return the needs of a place from the cells of its row, the first one first."""
    needs: dict[int, str] = {}
    reasons: dict[int, str] = {}
    for column, cell in cells:
        code = _key(cell)[:MOST_CODE]
        if code not in NONE:
            (reasons if column.of_reason else needs)[column.priority] = code
    return [
        Need(pcode, priority, SAME.get(need, need), reasons.get(priority, ""))
        for priority, need in sorted(needs.items())
    ]


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "_", text.casefold()).strip("_")
