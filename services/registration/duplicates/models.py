"""Two registrations that may be one person's: as kept (DuplicatePair), as shown (DuplicateOut)."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Strict
from services.registration.tables import Table

Band = Literal["probable", "possible"]
Status = Literal["open", "same", "different", "unsure"]
Decision = Literal["same", "different", "unsure"]
Settled = Literal["same", "different"]


class MatchingKey(Table, table=True):
    """A key by which a person is found as somebody's double; a keyed hash, so it tells nothing."""

    __tablename__ = "matching_key"
    __table_args__ = (Index(None, "person_id"),)

    key: int = Field(sa_type=BigInteger, primary_key=True)
    person_id: UUID = Field(primary_key=True)


class DuplicatePair(Table, table=True):
    """Two registrations and what speaks for their being one person's; the lesser id is left."""

    __tablename__ = "duplicate_pair"
    __table_args__ = (
        UniqueConstraint("left_id", "right_id"),
        Index(None, "right_id"),
        Index(None, "status", "band", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    left_id: UUID
    right_id: UUID
    score: float
    band: str
    reasons: list[dict[str, Any]] = Field(sa_type=JSON)
    weights: str
    status: str = "open"
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    found_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class DecisionIn(Strict):
    """
    Whether the two are one person; who is not sure says so, and the pair stays to be asked.

    `seen` is the decision that the reviewer means to change; without it nobody's is changed.
    """

    decision: Decision
    seen: Settled | None = None


class Registration(BaseModel):
    person_id: UUID
    external_id: str


class ReasonOut(BaseModel):
    """An attribute's part in the score, in bits: positive speaks for one person."""

    attribute: str
    level: str
    weight: float


class DuplicateOut(BaseModel):
    """Two registrations that may be one person's, and why."""

    id: UUID
    band: Band
    status: Status
    score: float
    left: Registration
    right: Registration
    reasons: list[ReasonOut]
    decided_by: str | None
    decided_at: datetime | None


class DuplicatesOut(BaseModel):
    items: list[DuplicateOut]
    next_cursor: str | None
