"""A legal hold: a person's record must stay, whoever asks for its end (HoldIn, Hold, HoldOut)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Strict
from services.registration.tables import Table

Ground = Literal["court_proceeding", "missing_person_search", "complaint", "fraud_inquiry"]


class HoldIn(Strict):
    person_id: UUID
    ground: Ground


class Hold(Table, table=True):
    """It holds until it is lifted, and is kept afterwards: it explains why a record was there."""

    __tablename__ = "legal_hold"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, index=True)
    organisation: str
    ground: str
    placed_by: str
    placed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    lifted_by: str | None = None
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


SCOPING = Scoping(organisation=col(Hold.organisation))


class HoldOut(BaseModel):
    id: UUID
    person_id: UUID | None
    ground: Ground
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None


class HoldsOut(BaseModel):
    items: list[HoldOut]
    next_cursor: str | None
