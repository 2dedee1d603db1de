"""When two registrations may be put together or taken apart; no I/O."""

from datetime import date, datetime, timedelta

UNDO_FOR = timedelta(days=90)
"""Long enough for the person to come back and say that they are somebody else."""


def undo_until(merged_at: datetime) -> datetime:
    return merged_at + UNDO_FOR


def may_be_undone(merged_at: datetime, at: datetime) -> bool:
    return at < undo_until(merged_at)


def departed_since(merged_at: datetime, *departures: date | None) -> bool:
    return any(each is not None and each >= merged_at.date() for each in departures)
