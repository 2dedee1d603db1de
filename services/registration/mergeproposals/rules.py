"""
Decisions about merges across organisations without I/O: the way they go, and what is shown.

    open -> merged -> undone by either, or ended because the person agrees no more
    open -> refused, withdrawn, ended; expired when nobody has answered in time
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

Side = Literal["ours", "theirs"]
State = Literal["open", "expired", "merged", "refused", "withdrawn", "ended", "undone"]
Because = Literal["two_people", "keep_apart"]
OPEN, MERGED, REFUSED, WITHDRAWN = "open", "merged", "refused", "withdrawn"
ENDED, UNDONE, EXPIRED = "ended", "undone", "expired"
STANDING = (OPEN, MERGED)
TWO_PEOPLE: Because = "two_people"
UNDECIDED = ("open", "unsure")
"""What a pair's status is while nobody has said whether it is one person."""

ANSWERED_WITHIN = timedelta(days=14)
"""Long enough for a reviewer who has to meet the person first."""

TOLD = frozenset(
    {"given", "father", "grandfather", "family", "order", "sex", "nationality", "born"}
)
"""The attributes of which the two sides learn how they agree: those of class S2."""


def state_at(state: str, until: datetime, at: datetime) -> str:
    return EXPIRED if state == OPEN and until <= at else state


def seen_from(*, kept: bool) -> Side:
    """Return whose registration goes on, for the organisation whose own does, or does not."""
    return "ours" if kept else "theirs"


def told(reasons: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """
    Return how names, sex, nationality and birth agree, without what each weighs.

    A phone, a paper and a household are of class S3: whoever reads their own side would know the
    other's by it, and the sum of the weights would tell them too.
    """
    return [
        {"attribute": each["attribute"], "level": each["level"]}
        for each in reasons
        if each["attribute"] in TOLD
    ]
