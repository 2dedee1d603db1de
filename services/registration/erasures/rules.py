"""
The way of an erasure; no I/O.

    requested -> running -> completed
    requested -> refused
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from contracts.registration import ErasureRequested

Status = Literal["requested", "running", "completed", "refused"]

TELL_AGAIN = timedelta(minutes=10)
"""So long a service may be silent before it is told again: its answer may be lost by a restore."""


def participants(own: str, subscriptions: Mapping[str, Sequence[str]]) -> list[str]:
    """Return who has to answer: whoever hears of erasures, and the one that asks."""
    hear = {name for name, types in subscriptions.items() if ErasureRequested.type in types}
    return sorted(hear | {own})


def silent(waits_for: Collection[str], answered: Collection[str]) -> list[str]:
    return sorted(set(waits_for) - set(answered))


def may_be_told_again(told_at: datetime | None, now: datetime) -> bool:
    return told_at is None or told_at + TELL_AGAIN <= now
