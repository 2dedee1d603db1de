"""A referral to a service: as told (ServiceReferralIn), as kept, as each side sees it."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints, model_validator
from pydantic import Field as Shape
from sqlalchemy import Index
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now, today
from chassis.scoping import Condition, Scoping
from chassis.strict import Day, Pcode, Strict
from contracts.sharing import RECIPIENT
from services.registration.persons.models import SCOPING as PERSONS
from services.registration.servicereferrals import rules
from services.registration.tables import Table


def _soon(day: date) -> date:
    if not today() <= day <= today() + rules.LATEST:
        raise ValueError(f"is not within the next {rules.LATEST.days} days")
    return day


class ServiceReferralIn(Strict):
    """
    What is asked for, of whom and by when; `place_pcode` is where, if not where the person is.

    The recipient is `mission`, which is the organisation itself, `unhcr`, or `partner:` with an
    organisation's code.
    """

    kind: rules.Kind
    recipient: Annotated[str, StringConstraints(strict=True, pattern=RECIPIENT)]
    urgency: rules.Urgency
    due_on: Annotated[Day, AfterValidator(_soon)] | None = None
    place_pcode: Pcode | None = None


class AnswerIn(Strict):
    """Yes; or no, and then why."""

    accepted: Annotated[bool, Shape(strict=True)]
    reason: rules.Rejection | None = None

    @model_validator(mode="after")
    def _says_why_not(self) -> Self:
        if self.accepted == (self.reason is not None):
            raise ValueError("gives a reason with a no, and with nothing else")
        return self


class ClosureIn(Strict):
    outcome: rules.Outcome


class ServiceReferral(Table, table=True):
    """
    That a service was asked for a person; `referral` is something else, a link to their notes.

    Where it says `receiver`, that organisation's staff answer it, if they work here.
    """

    __tablename__ = "service_referral"
    __table_args__ = (Index(None, "receiver", "id"), Index(None, "status", "due_on"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    organisation: str
    recipient: str
    receiver: str
    kind: str
    urgency: str
    place_pcode: str
    due_on: date
    status: str = "sent"
    version: int = 1
    sent_by: str
    sent_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    answered_by: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rejected_because: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None


def _is_one_of(kinds: frozenset[rules.Kind]) -> Condition:
    return lambda _caller: col(ServiceReferral.kind).in_(sorted(kinds))


RECEIVED = Scoping(
    organisation=col(ServiceReferral.receiver),
    place=col(ServiceReferral.place_pcode),
    conditions={"care": _is_one_of(rules.CARE), "ordinary": _is_one_of(rules.ORDINARY)},
    closed=PERSONS.closed,
)
"""For queries that join the person: how referrals are reached by who receives them."""


class ServiceReferralOut(BaseModel):
    """A referral as whoever carries the person sees it."""

    id: UUID
    person_id: UUID
    kind: rules.Kind
    recipient: str
    urgency: rules.Urgency
    place_pcode: str
    due_on: date
    overdue: bool
    status: rules.Status
    version: int
    sent_by: str
    sent_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    rejected_because: rules.Rejection | None
    ended_by: str | None
    ended_at: datetime | None
    outcome: rules.Outcome | None


class ServiceReferralsOut(BaseModel):
    items: list[ServiceReferralOut]
    next_cursor: str | None


class AboutOut(BaseModel):
    """For whom what is asked: ids and codes; the number is on the card that the person carries."""

    person_id: UUID
    case_number: str
    kind: rules.Kind
    urgency: rules.Urgency
    place_pcode: str


class ReceivedReferralOut(BaseModel):
    """
    A referral as its recipient sees it: who asks, and how it stands.

    `about` is null when they may not know of the person any more, whatever they knew before.
    """

    id: UUID
    organisation: str
    status: rules.Status
    version: int
    due_on: date
    overdue: bool
    sent_at: datetime
    outcome: rules.Outcome | None
    about: AboutOut | None


class ReceivedReferralsOut(BaseModel):
    items: list[ReceivedReferralOut]
    next_cursor: str | None
