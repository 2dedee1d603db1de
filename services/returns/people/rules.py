"""Decisions about people without I/O: who is helped beyond the journey."""

REINTEGRATED = frozenset({"high", "critical"})
"""The levels of vulnerability with which somebody is helped after arrival too."""


def is_eligible(levels: list[str | None]) -> bool:
    """Say so by any registration of a person: one of them may have been assessed alone."""
    return not REINTEGRATED.isdisjoint(levels)
