"""A distribution: an item handed over (DistributionIn, Distribution, DistributionOut)."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel
from pydantic import Field as Shape
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now, today
from chassis.fields import Maskable, Shown
from chassis.strict import PastDay, Strict
from services.assistance.tables import Table


class DistributionIn(Strict):
    """
    Which entitlement was delivered, and when.

    What is a household's is `collected_by` somebody who may receive for it; what is one person's is
    handed to them, and tells of nobody.
    """

    entitlement_id: UUID
    collected_by: UUID | None = None
    delivered_on: PastDay = Shape(default_factory=today)


class Distribution(Table, table=True):
    id: UUID = Field(default_factory=new_id, primary_key=True)
    entitlement_id: UUID = Field(foreign_key="entitlement.id", unique=True)
    programme_id: UUID = Field(index=True)
    person_id: UUID | None = Field(default=None, index=True)
    household_id: UUID | None = Field(default=None, index=True)
    collected_by: UUID | None = Field(default=None, index=True)
    organisation: str
    delivered_on: date
    delivered_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class DistributionOut(Shown, shape="distribution"):
    id: UUID
    entitlement_id: UUID
    programme_id: UUID
    person_id: Maskable[UUID]
    household_id: Maskable[UUID | None]
    collected_by: Maskable[UUID | None]
    delivered_on: Maskable[date]
    delivered_by: str
    recorded_at: datetime


class DistributionsOut(BaseModel):
    items: list[DistributionOut]
    next_cursor: str | None
