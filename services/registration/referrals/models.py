"""Referrals: as told (ReferralIn), as kept (Referral), as shown (ReferralOut)."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from sqlalchemy import SQLColumnExpression, and_, exists, or_
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Clause, Condition, Who, moment
from chassis.strict import Code, Pcode, Strict
from services.registration.referrals import rules
from services.registration.tables import Table


class ReferralIn(Strict):
    """To whom: one colleague by the id in their token, or whoever is posted at a facility."""

    service: rules.Service
    worker_id: Code | None = None
    facility_pcode: Pcode | None = None

    @model_validator(mode="after")
    def _to_somebody(self) -> Self:
        if (self.worker_id is None) == (self.facility_pcode is None):
            raise ValueError("names either a worker or a facility")
        return self


class Referral(Table, table=True):
    """A link that opens one person's notes of one kind, until it is closed and 14 days more."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    service: str
    worker_id: str | None = Field(default=None, index=True)
    facility_pcode: str | None = Field(default=None, index=True)
    opened_by: str
    opened_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    closed_by: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def still_counts(closed_at: SQLColumnExpression[datetime | None], *, lingering: bool) -> Clause:
    """Return whether a link is open or, if `lingering`, was closed a short time ago."""
    if lingering:
        return or_(closed_at.is_(None), closed_at > moment(rules.LINGERS))
    return closed_at.is_(None)


def referred(
    person_id: SQLColumnExpression[UUID], *services: rules.Service, lingering: bool
) -> Condition:
    """
    Return whether the person was referred to the caller by name, or to where they are posted.

    Without `services`, for whatever service.
    """

    def holds(caller: Who) -> Clause:
        theirs = referred_to(caller, *services, lingering=lingering)
        return exists().where(col(Referral.person_id) == person_id, theirs)

    return holds


def referred_to(caller: Who, *services: rules.Service, lingering: bool) -> Clause:
    """Return the condition that a referral is one to the caller, as `referred` counts them."""
    counts = still_counts(col(Referral.closed_at), lingering=lingering)
    return and_(counts, or_(*(_to(caller, each) for each in services or rules.ROLES)))


def _to(caller: Who, service: rules.Service) -> Clause:
    named = col(Referral.worker_id) == caller.id
    posted = col(Referral.facility_pcode).in_(rules.posts(caller, service))
    return and_(col(Referral.service) == service, or_(named, posted))


class ReferralOut(BaseModel):
    id: UUID
    person_id: UUID
    service: rules.Service
    worker_id: str | None
    facility_pcode: str | None
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None


class ReferralsOut(BaseModel):
    items: list[ReferralOut]
