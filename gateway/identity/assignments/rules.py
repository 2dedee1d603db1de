"""Decisions about who may hold what; no I/O."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chassis.problems import Problem
from gateway.identity.assignments.models import Assignment, State
from gateway.identity.roles import NEED_APPROVAL

MOST_RIGHTS = 6000
"""How long the grants of one holder may be as JSON: a token travels in a header."""


def state_of(assignment: Assignment, at: datetime) -> State:
    if assignment.ended_at or (assignment.until and assignment.until <= at):
        return "ended"
    return "in force" if assignment.approved_at else "waiting"


def needs_approval(role: str) -> bool:
    return role in NEED_APPROVAL


def refuse_own(caller: str, holder: str) -> None:
    """Nobody decides about their own rights, whatever their roles."""
    if caller == holder:
        raise Problem(403, "own-rights", "Another person must decide about your own roles.")


def refuse_same_person(approver: str, assignment: Assignment) -> None:
    """Approval is worth something only from somebody who neither asked for it nor gets it."""
    refuse_own(approver, assignment.holder)
    if approver == assignment.asked_by:
        raise Problem(403, "own-rights", "Another person must approve what you have asked for.")


def grant_claim(assignment: Assignment) -> dict[str, Any]:
    """Return the assignment as a token says it."""
    claim: dict[str, Any] = {"role": assignment.role, "places": assignment.places}
    if assignment.programmes:
        claim["programmes"] = assignment.programmes
    if assignment.until:
        claim["until"] = assignment.until.timestamp()
    return claim


def refuse_too_many(assignments: Iterable[Assignment]) -> None:
    claims = [grant_claim(each) for each in assignments]
    if len(json.dumps(claims, separators=(",", ":"))) > MOST_RIGHTS:
        raise Problem(
            409,
            "too-many-rights",
            "These roles and places do not fit into a token; name larger areas instead.",
        )
