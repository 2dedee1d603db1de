"""Names that are written alike and are two: محمد and محمود, حسن and حسين."""

from functools import cache
from pathlib import Path

from services.registration.matching.spelling import folded
from services.registration.matching.variants import usual

FILE = Path(__file__).parent / "lookalikes.txt"
Bearer = tuple[int, int]
BITS = 63


def are_two_names(one: str, other: str) -> bool:
    """Say whether two folded spellings are listed in one group, and never as one name."""
    bears, may_bear = _borne(one), _borne(other)
    if not bears or not may_bear or bears & may_bear:
        return False
    return bool({group for group, _ in bears} & {group for group, _ in may_bear})


def groups_of(spelling: str) -> int:
    """
    Return a bit for each group in which a folded spelling is listed; 0 for most.

    Two without a bit in common are not told apart by this. Groups share bits where they are many.
    """
    return sum({1 << group % BITS for group, _ in _borne(spelling)})


def _borne(spelling: str) -> frozenset[Bearer]:
    """Return what a spelling is listed as, or else the name of which it is a form."""
    return _known().get(spelling) or _known().get(usual(spelling), frozenset())


@cache
def _known() -> dict[str, frozenset[Bearer]]:
    """Return, for each folded spelling, which names of which groups it may be."""
    found: dict[str, set[Bearer]] = {}
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    for group, line in enumerate(lines):
        for name, spellings in enumerate(line.split("|")):
            for spelling in spellings.split():
                found.setdefault(folded(spelling), set()).add((group, name))
    return {spelling: frozenset(names) for spelling, names in found.items()}
