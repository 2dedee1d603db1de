"""Decisions about breaking the glass without I/O: when it may be, how long, until when reviewed."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Literal

from chassis.caller import Caller

ReasonCode = Literal[
    "danger_to_life",
    "medical_emergency",
    "child_at_risk",
    "imminent_transfer",
    "case_team_unreachable",
]
"""Why a file is opened without a link to it; the words around the code are sealed."""

LEAST_EXPLANATION = 20
OPEN_FOR = timedelta(minutes=60)
FRESH_FOR = timedelta(minutes=5)
SECOND_FACTORS = frozenset({"otp", "hwk", "mfa"})
WORKING_DAYS_TO_REVIEW = 3
LIBYAN_TIME = timezone(timedelta(hours=2))
WEEKEND = frozenset({4, 5})
"""Friday and Saturday, as weekday() counts."""
OPENS = {
    "case_worker": ("documents",),
    "medical_staff": ("medical_notes", "protection_notes"),
    "protection_officer": ("protection_notes",),
}
"""What each role sees that it did not see before; an officer needs more for medical notes."""


def reason_given(code: str | None, explanation: str | None) -> bool:
    """Say whether a code and enough words were given; spaces and marks are no words."""
    letters = sum(character.isalnum() for character in explanation or "")
    return code is not None and letters >= LEAST_EXPLANATION


def freshly_proved(caller: Caller, now: datetime) -> bool:
    """Say whether the caller has just proved who they are with more than a password."""
    age = now.timestamp() - caller.authenticated_at
    return bool(caller.methods & SECOND_FACTORS) and age <= FRESH_FOR.total_seconds()


def review_due(broken_at: datetime) -> datetime:
    """Return the end of the third working day after the day in Libya on which it was broken."""
    day = broken_at.astimezone(LIBYAN_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    left = WORKING_DAYS_TO_REVIEW
    while left:
        day += timedelta(days=1)
        left -= day.weekday() not in WEEKEND
    return day + timedelta(days=1)


def opens(roles: Sequence[str], *, cosigned: bool) -> list[str]:
    """Return the parts of a file that these roles see by breaking the glass, each once."""
    parts = [part for role in roles for part in OPENS.get(role, ())]
    if cosigned and "protection_officer" in roles:
        parts.append("medical_notes")
    return list(dict.fromkeys(parts))
