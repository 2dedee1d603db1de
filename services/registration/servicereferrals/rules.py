"""
Decisions about referrals to services without I/O: the way they go, what is asked for, by when.

    sent -> accepted -> closed
    sent -> rejected
    sent, accepted -> withdrawn by who sent it, or stopped because the person agrees no more
"""

from datetime import date, timedelta
from typing import Literal, get_args

from contracts.sharing import MISSION, possible

Kind = Literal[
    "health",
    "mhpss",
    "gender_based_violence",
    "child_protection",
    "counter_trafficking",
    "legal",
    "shelter",
    "documents",
    "asylum",
    "family_tracing",
    "food",
    "cash",
    "education",
    "livelihoods",
    "voluntary_return",
]
"""What is asked for; `mhpss` is mental health and psychosocial support."""
CARE: frozenset[Kind] = frozenset({"health", "mhpss"})
"""What those who treat people receive."""
CONFIDENTIAL: frozenset[Kind] = frozenset(
    {"gender_based_violence", "child_protection", "counter_trafficking", "asylum"}
)
"""What alone says of somebody what could harm them: protection officers receive it."""
ORDINARY: frozenset[Kind] = frozenset(get_args(Kind)) - CARE - CONFIDENTIAL

Status = Literal["sent", "accepted", "rejected", "closed", "withdrawn", "stopped"]
Urgency = Literal["now", "within_days", "when_possible"]
Rejection = Literal[
    "no_capacity",
    "not_eligible",
    "not_offered",
    "out_of_area",
    "cannot_be_reached",
    "helped_already",
]
Outcome = Literal[
    "helped", "helped_in_part", "not_helped", "person_declined", "cannot_be_reached", "passed_on"
]

OPEN: frozenset[Status] = frozenset({"sent", "accepted"})
FROM: dict[Status, frozenset[Status]] = {
    "accepted": frozenset({"sent"}),
    "rejected": frozenset({"sent"}),
    "closed": frozenset({"accepted"}),
    "withdrawn": OPEN,
    "stopped": OPEN,
}
DAYS: dict[Urgency, int] = {"now": 1, "within_days": 3, "when_possible": 14}
"""Within how many days the service is to be given, unless a day is told."""
LATEST = timedelta(days=366)
PURPOSE = "referral"


def may_become(now: str, wanted: Status) -> bool:
    return now in FROM[wanted]


def due(urgency: Urgency, today: date) -> date:
    return today + timedelta(days=DAYS[urgency])


def can_be_asked(recipient: str) -> bool:
    """Say whether a referral can go there: within the mission, or to whom people can agree."""
    return recipient == MISSION or possible(recipient, PURPOSE)


def receiver(recipient: str, sender: str) -> str:
    """Return the organisation whose staff receive what goes to a recipient."""
    kind, _, name = recipient.partition(":")
    return sender if recipient == MISSION else name or kind


def lack(recipient: str, *, agreed: bool, consented: bool, excepted: bool) -> str | None:
    """Return what is missing for a record to go there; silence is no consent."""
    if recipient == MISSION:
        return None
    if not agreed:
        return "no_agreement"
    return None if consented or excepted else "no_consent"
