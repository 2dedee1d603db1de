"""An entitlement: one person's right to one programme's item, once."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Maskable, Shown
from services.assistance.tables import Table

Status = Literal["open", "delivered", "closed"]


class Entitlement(Table, table=True):
    __table_args__ = (UniqueConstraint("programme_id", "person_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    programme_id: UUID = Field(foreign_key="programme.id", index=True)
    person_id: UUID | None = Field(default=None, index=True)
    status: str = Field(default="open", index=True)
    closed_because: str | None = None
    version: int = 1
    opened_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class EntitlementOut(Shown, shape="entitlement"):
    """`closed_because` says why an entitlement ended without being delivered."""

    id: UUID
    programme_id: UUID
    person_id: Maskable[UUID]
    status: Maskable[Status]
    closed_because: Maskable[str | None]
    version: int
    opened_at: datetime


class EntitlementsOut(BaseModel):
    items: list[EntitlementOut]
    next_cursor: str | None
