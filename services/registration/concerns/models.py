"""Sealed referrals: as told (ConcernIn), as kept (Concern), as shown to protection (ConcernOut)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import LargeBinary, false
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Maskable, Shown
from chassis.scoping import Scoping
from chassis.strict import Code, Prose, Strict
from services.registration.tables import Table

Category = Literal[
    "trafficking",
    "gender_based_violence",
    "torture",
    "child_protection",
    "detention",
    "threat",
    "family_separation",
    "other",
]
Urgency = Literal["now", "within_days", "when_possible"]
Outcome = Literal["taken_up", "passed_on", "unfounded"]


class ConcernTold(Strict):
    """What somebody noticed: sealed as one."""

    category: Category
    urgency: Urgency
    text: Prose


class ConcernIn(ConcernTold):
    """A concern on its way in; whoever sends it never sees it again."""

    person_id: UUID


class TriageIn(Strict):
    """What becomes of a concern; `passed_on` names the colleague who takes it up."""

    outcome: Outcome
    worker_id: Code | None = None


class Concern(Table, table=True):
    """A concern about a person. What it says and of what kind it is are sealed under their key."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    organisation: str = Field(index=True)
    location_pcode: str
    content: bytes = Field(sa_type=LargeBinary)
    written_by: str
    written_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    outcome: str | None = None
    triaged_by: str | None = None
    triaged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    referral_id: UUID | None = None


SCOPING = Scoping(
    organisation=col(Concern.organisation),
    place=col(Concern.location_pcode),
    conditions={"never": lambda _caller: false()},
)


class ConcernSent(Shown, shape="concern_sent"):
    """All that whoever wrote a concern learns of it."""

    id: UUID


class ConcernOut(Shown, shape="concern"):
    """A concern for triage; what it says is null when the person's key is gone."""

    id: UUID
    person_id: UUID
    location_pcode: Maskable[str]
    category: Maskable[Category | None]
    urgency: Maskable[Urgency | None]
    text: Maskable[str | None]
    written_by: str
    written_at: datetime
    status: Literal["new", "triaged"]
    outcome: Outcome | None
    triaged_by: str | None
    triaged_at: datetime | None
    referral_id: UUID | None


class ConcernsOut(BaseModel):
    items: list[ConcernOut]
    next_cursor: str | None
