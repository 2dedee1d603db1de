"""What sharing rests on beside consent: agreements with recipients, and documented exceptions."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints, model_validator
from pydantic import Field as Shape
from sqlalchemy import JSON
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now, today
from chassis.scoping import Scoping
from chassis.strict import Code, Day, Strict
from contracts.sharing import PURPOSE, RECIPIENT
from services.registration.tables import Table

LONGEST_EXCEPTION = timedelta(days=30)

Recipient = Annotated[str, StringConstraints(strict=True, pattern=RECIPIENT)]
Purpose = Annotated[str, StringConstraints(strict=True, pattern=PURPOSE)]
Ground = Literal["vital_interest", "best_interests_of_the_child", "duty_to_protect"]
ExceptionState = Literal["asked", "approved", "rejected", "ended"]


def _soon_over(day: date) -> date:
    if not today() <= day <= today() + LONGEST_EXCEPTION:
        raise ValueError(f"is not within the next {LONGEST_EXCEPTION.days} days")
    return day


class AgreementIn(Strict):
    """A signed agreement: with whom, for which purposes, when; `reference` is your own."""

    reference: Code
    recipient: Recipient
    purposes: list[Purpose] = Shape(min_length=1, max_length=8)
    starts_on: Day
    ends_on: Day

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends before it starts")
        return self


class Agreement(Table, table=True):
    """Nothing is shared with a recipient without one that is in force on the day."""

    __tablename__ = "sharing_agreement"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str = Field(index=True)
    reference: str
    recipient: str
    purposes: list[str] = Field(sa_type=JSON)
    starts_on: date
    ends_on: date
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


AGREEMENT_SCOPING = Scoping(organisation=col(Agreement.organisation))


class AgreementOut(BaseModel):
    id: UUID
    reference: str
    recipient: str
    purposes: list[str]
    starts_on: date
    ends_on: date
    version: int


class AgreementsOut(BaseModel):
    items: list[AgreementOut]
    next_cursor: str | None


class ExceptionIn(Strict):
    """
    Why a record must be shared though nobody could agree to it, for a short time.

    `document` is the reference of the paper that says it in full; the words stay on that paper.
    """

    recipient: Recipient
    purpose: Purpose
    ground: Ground
    document: Code
    ends_on: Annotated[Day, AfterValidator(_soon_over)]


class DecisionIn(Strict):
    approved: Annotated[bool, Shape(strict=True)]


class SharingException(Table, table=True):
    """Asked for by a protection officer, decided by the data-protection officer: two people."""

    __tablename__ = "sharing_exception"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    organisation: str
    recipient: str
    purpose: str
    ground: str
    document: str
    state: str = Field(default="asked", index=True)
    ends_on: date
    asked_by: str
    asked_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


EXCEPTION_SCOPING = Scoping(organisation=col(SharingException.organisation))


class ExceptionOut(BaseModel):
    id: UUID
    person_id: UUID
    recipient: str
    purpose: str
    ground: Ground
    document: str
    state: ExceptionState
    ends_on: date
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    version: int


class ExceptionsOut(BaseModel):
    items: list[ExceptionOut]
    next_cursor: str | None
