"""
The way a return goes, as a table; no I/O.

    open -> screened -> consented -> cleared -> departed
      any of them before departure -> withdrawn
"""

from datetime import date
from typing import Literal

Status = Literal["open", "screened", "consented", "cleared", "departed", "withdrawn"]

WAY: tuple[Status, ...] = ("open", "screened", "consented", "cleared", "departed")
ENDED: frozenset[Status] = frozenset({"departed", "withdrawn"})
STATUSES: dict[str, Status] = {status: status for status in (*WAY, *ENDED)}
"""Every status by the text under which it is kept."""


def missing(now: Status, wanted: Status) -> list[Status]:
    """
    Return the steps that are missing before `wanted` can be taken; none means: take it.

    A step is taken once, in its order; a step already taken, or any step after the end, is
    missing itself, which the caller tells as "not possible any more".
    """
    if now in ENDED:
        return [wanted]
    if wanted == "withdrawn":
        return []
    at, to = WAY.index(now), WAY.index(wanted)
    return [wanted] if to <= at else list(WAY[at + 1 : to])


def expired(departs_on: date, document_until: date, fit_until: date) -> list[str]:
    """Return which of the two clocks has run out on the day of departure."""
    clocks = {"travel_document_expires_on": document_until, "fit_to_travel_until": fit_until}
    return [name for name, until in clocks.items() if until < departs_on]
