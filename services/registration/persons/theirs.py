"""Whose cases somebody has: few people, each found by an index however large the register is."""

from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, union
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from chassis.scoping import REMEMBERED, Who, moment
from services.registration.assignments.models import Assignment
from services.registration.breakglass.models import Breaking
from services.registration.persons.models import Person
from services.registration.referrals.models import Referral, referred_to

FEW = frozenset({"asg", "linked", "bg"})
"""Scopes in which a caller sees those of `theirs`, and nobody else."""


@lru_cache(maxsize=REMEMBERED)
def theirs(who: Who) -> CompoundSelect[Any]:
    """
    Return the ids of whom somebody carries, was referred to them, or whose file they broke open.

    What lets them see somebody is one condition with several sides, by which a database would look
    at everybody. Of these the same condition is asked.
    """
    one = aliased(Person)
    carried = (col(Assignment.worker_id) == who.id, col(Assignment.ended_at).is_(None))
    broken = (col(Breaking.broken_by) == who.id, col(Breaking.ends_at) > moment())
    return union(
        select(col(one.id)).where(col(one.case_owner) == who.id),
        select(col(Assignment.person_id)).where(*carried),
        select(col(Referral.person_id)).where(referred_to(who, lingering=True)),
        select(col(Breaking.person_id)).where(*broken),
    )
