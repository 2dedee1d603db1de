"""Decisions about accounts; no I/O."""

from datetime import datetime, timedelta
from typing import Literal

import pyotp

from chassis.problems import wrong
from gateway.identity.staff.models import Staff

FREE_FAILURES = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(hours=1)
STEP_SECONDS = 30
STEPS_OFF = 1
"""How far a telephone's clock may be off, either way."""


def state_of(staff: Staff) -> Literal["invited", "active", "closed"]:
    if staff.closed_at:
        return "closed"
    return "active" if staff.password_hash else "invited"


def lock_after(failures: int) -> timedelta | None:
    """Return how long an account rests after so many failures in a row: each time twice as long."""
    if failures < FREE_FAILURES:
        return None
    doubled: timedelta = FIRST_LOCK * 2 ** min(failures - FREE_FAILURES, 20)
    return min(doubled, LONGEST_LOCK)


def step_of(code: str, secret: str, used: int, at: datetime) -> int | None:
    """Return the time step of a right code that is newer than the last one used, else none."""
    clock = pyotp.TOTP(secret, interval=STEP_SECONDS)
    current = int(at.timestamp()) // STEP_SECONDS
    for step in range(current - STEPS_OFF, current + STEPS_OFF + 1):
        if step > used and pyotp.utils.strings_equal(code, clock.generate_otp(step)):
            return step
    return None


def refuse_weak(password: str, name: str) -> None:
    """Length is what counts; beyond it, what anybody would try first is refused."""
    lowered = password.casefold()
    if name in lowered or len(set(lowered)) < FREE_FAILURES or "password" in lowered:
        raise wrong("/password", "weak", "Choose one that is not guessed.")
