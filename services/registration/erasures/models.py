"""An erasure: as asked for (ErasureIn), as kept (Erasure, Answer), as shown, its certificate."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import JSON
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Strict
from services.registration.erasures.rules import Status
from services.registration.tables import Table

Reason = Literal["person_asked", "registered_in_error", "unlawfully_collected"]
AnyReason = Literal[
    "person_asked", "registered_in_error", "unlawfully_collected", "retention", "restored_backup"
]
Refusal = Literal["not_the_person", "kept_by_law", "needed_for_a_claim"]


class ErasureIn(Strict):
    """Whose record is to be erased, and why."""

    person_id: UUID
    reason: Reason


class RefusalIn(Strict):
    refusal: Refusal


class Erasure(Table, table=True):
    """
    The way of one erasure. It names the person until the last service has answered, no longer.

    `waits_for` are the services that have to answer; `told` counts how often they were asked.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, index=True)
    organisation: str
    reason: str
    status: str = Field(default="requested", index=True)
    requested_by: str
    requested_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refusal: str | None = None
    waits_for: list[str] = Field(default_factory=list, sa_type=JSON)
    told: int = 0
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(Erasure.organisation),
    created_by=col(Erasure.requested_by),
    created_at=col(Erasure.requested_at),
)


class Answer(Table, table=True):
    """That a service has forgotten the person, and how many rows of which table."""

    __tablename__ = "erasure_answer"

    erasure_id: UUID = Field(primary_key=True)
    service: str = Field(primary_key=True)
    rows: dict[str, int] = Field(sa_type=JSON)
    answered_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ErasureOut(BaseModel):
    """`person_id` is null once the erasure is complete: then nobody is named any more."""

    id: UUID
    person_id: UUID | None
    reason: AnyReason
    status: Status
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    refusal: Refusal | None
    completed_at: datetime | None


class ErasuresOut(BaseModel):
    items: list[ErasureOut]
    next_cursor: str | None


class ServiceErased(BaseModel):
    """What one service has done: rows deleted or unlinked, by table."""

    service: str
    rows: dict[str, int]
    answered_at: datetime


class Certificate(BaseModel):
    """
    That somebody was erased: what, when, by whom. No personal data, and nobody's id.

    It is not a proof to third persons of whose record it was; that is the point of it.
    """

    erasure_id: UUID
    reason: AnyReason
    requested_by: str
    requested_at: datetime
    approved_by: str
    approved_at: datetime
    completed_at: datetime
    services: list[ServiceErased]
