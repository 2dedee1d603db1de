"""Which failures pass by themselves: the same, done again later, may well succeed."""

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# PostgreSQL's classes for what passes: connections, conflicts, resources, locks, operators, the
# system.
PASSING_FAULTS = {"08", "40", "53", "55", "57", "58"}


def passes(error: BaseException) -> bool:
    """Say whether the database was away, had no connection left, or stood in its own way."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return True
    return state_of(error)[:2] in PASSING_FAULTS or _was_cut_off(error)


def state_of(error: BaseException) -> str:
    """Return PostgreSQL's five characters for what failed; none: it did not say."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _was_cut_off(error: BaseException) -> bool:
    return bool(getattr(error, "connection_invalidated", False))
