"""Decisions about planted persons without I/O: what counts as opening one, when an account ends."""

from datetime import datetime, timedelta

MOST_DENIED = 20
WITHIN = timedelta(hours=24)
SYSTEM = "system:"
LISTED = "listed"
UNSUSPICIOUS = frozenset({"honey_record", "alert"})
"""What the officer reads of planted persons is no opening of one."""


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def counted_since(moment: datetime) -> datetime:
    """Return the first hour whose denied reads count at this moment."""
    return hour_of(moment - WITHIN)
