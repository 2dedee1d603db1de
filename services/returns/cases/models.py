"""A return case: its steps (CaseIn, Screening …), as kept (Case), as shown (CaseOut)."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic import Field as Shape
from sqlalchemy import LargeBinary
from sqlmodel import Field, col

from chassis import countries
from chassis.clock import UtcDateTime, new_id, now, today
from chassis.fields import Maskable, Shown
from chassis.scoping import Scoping
from chassis.strict import Code, Day, PastDay, Strict
from services.returns.cases.rules import Status
from services.returns.people.models import Person, is_assigned
from services.returns.tables import Table

Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}$")]
Country = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$"), AfterValidator(countries.known)
]
Flag = Annotated[bool, Shape(strict=True)]
Yes = Literal[True]


class CaseIn(Strict):
    """Who wishes to return, and where to (ISO 3166-1 alpha-3)."""

    person_id: UUID
    destination_country: Country | None = None


class Screening(Strict):
    """The interview in which needs and risks of the return itself are found."""

    screened_on: PastDay = Shape(default_factory=today)
    vulnerability_level: Literal["low", "medium", "high", "critical"]
    asylum_referral_offered: Flag = False


class Consent(Strict):
    """
    Free and informed: told in the person's own language, with the alternatives, and to whom.

    Whether they were detained is recorded, because consent in detention is judged otherwise.
    """

    given: Yes
    given_on: PastDay = Shape(default_factory=today)
    language: Language
    interpreter: Flag = False
    detained: Flag = False
    alternatives_explained: Yes


class Clearance(Strict):
    """Papers and health for the journey; each has its own clock."""

    travel_document_type: Code = "passport"
    travel_document_expires_on: Day
    fit_to_travel_until: Day


class Departure(Strict):
    """Boarding; consent is asked for once more on the day."""

    departed_on: PastDay = Shape(default_factory=today)
    consent_reconfirmed: Yes


class Withdrawal(Strict):
    """A change of mind, possible until boarding; nobody has to say why."""

    withdrawn_on: PastDay = Shape(default_factory=today)


class Case(Table, table=True):
    """
    `open_for` holds the person while the case goes on, so that nobody has two at a time.

    `steps` is sealed under the person's key: screening, health and papers are in it.
    """

    __tablename__ = "return_case"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    person_id: UUID | None = Field(default=None, index=True)
    open_for: UUID | None = Field(default=None, unique=True)
    destination_country: str | None = None
    status: str = Field(default="open", index=True)
    steps: bytes = Field(sa_type=LargeBinary)
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(Case.organisation),
    place=col(Person.location_pcode),
    created_by=col(Case.created_by),
    created_at=col(Case.created_at),
    assigned=is_assigned,
)
"""For queries that join the case's person."""


class CaseOut(Shown, shape="return_case"):
    """A case; `steps` holds the evidence of each step taken, by its name."""

    id: UUID
    person_id: Maskable[UUID]
    destination_country: Maskable[str | None]
    status: Maskable[Status]
    steps: Maskable[dict[str, Any]]
    version: int
    created_at: datetime


class CasesOut(BaseModel):
    items: list[CaseOut]
    next_cursor: str | None
