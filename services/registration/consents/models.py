"""A consent: as answered (AnswerIn), as kept for good (Consent), as shown (ConsentOut)."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints, model_validator
from pydantic import Field as Shape
from sqlalchemy import ColumnElement, Index, String, and_, literal_column, text
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, now, today
from chassis.scoping import Clause
from chassis.strict import Code, Day, PastDay, Pcode, Strict
from contracts.sharing import ASSISTANCE, GIVEN, MISSION, PURPOSE, RECIPIENT
from services.registration.consents.rules import Form, Minor, State
from services.registration.tables import Table


def _not_over(day: date) -> date:
    if day < today():
        raise ValueError("is over")
    return day


Recipient = Annotated[str, StringConstraints(strict=True, pattern=RECIPIENT)]
Purpose = Annotated[str, StringConstraints(strict=True, pattern=PURPOSE)]
Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}$")]
Flag = Annotated[bool, Shape(strict=True)]
NO_TO_MISSION = text(f"recipient = '{MISSION}' and purpose = '{ASSISTANCE}' and state <> '{GIVEN}'")


class Guardian(Strict):
    """Who agrees for a child, and by which right; `person_id` where they are registered too."""

    relation: Literal["parent", "relative", "appointed", "best_interests_panel"]
    person_id: UUID | None = None


class AnswerIn(Strict):
    """
    What a person answered when they were asked about one recipient and purpose.

    `place_pcode` is where they were asked, and `detained` whether they were held there: an answer
    in detention is judged otherwise. A child's guardian answers with them when the answer is yes.
    """

    recipient: Recipient
    purpose: Purpose
    given: Flag
    text_version: Code
    language: Language
    interpreter: Flag = False
    form: Form
    asked_on: PastDay = Shape(default_factory=today)
    place_pcode: Pcode
    detained: Flag
    guardian: Guardian | None = None
    expires_on: Annotated[Day, AfterValidator(_not_over)] | None = None


class WithdrawalIn(Strict):
    """What a person takes back: their answer about one recipient and purpose, or every one."""

    recipient: Recipient | None = None
    purpose: Purpose | None = None
    everything: Flag = False

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.everything == bool(self.recipient or self.purpose):
            raise ValueError("name recipient and purpose, or everything")
        if bool(self.recipient) != bool(self.purpose):
            raise ValueError("name recipient and purpose, or everything")
        return self


def _written_out(value: str) -> ColumnElement[str]:
    return literal_column(f"'{value}'", String)


def no_to_mission(consent: type["Consent"]) -> Clause:
    """
    Return the condition that an answer is a no to the mission's own work.

    Its values are written out, as in the index of these answers: where they are parameters, a
    database cannot know that the index holds all that is asked for.
    """
    return and_(
        col(consent.recipient) == _written_out(MISSION),
        col(consent.purpose) == _written_out(ASSISTANCE),
        col(consent.state) != _written_out(GIVEN),
    )


class Consent(Table, table=True):
    """
    One answer about one recipient and purpose; the newest version counts, the others stay.

    Rows are added and never changed. Answers told with a registration may lack what was not asked
    there: language, place, form.
    """

    __table_args__ = (
        # Who is left out of each export and device: few, whom a look at all answers takes long for.
        Index(
            "ix_consent_no_to_mission",
            "person_id",
            "version",
            postgresql_where=NO_TO_MISSION,
            sqlite_where=NO_TO_MISSION,
        ),
    )

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    recipient: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    state: str
    text_version: str
    language: str | None = None
    interpreter: bool = False
    form: str | None = None
    asked_on: date
    place_pcode: str | None = None
    detained: bool | None = None
    minor: str
    guardian_relation: str | None = None
    guardian_person_id: UUID | None = None
    expires_on: date | None = None
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ConsentOut(BaseModel):
    """`minor` is `unknown` where the birth date is not known well enough to tell."""

    recipient: str
    purpose: str
    version: int
    state: State
    text_version: str
    language: str | None
    interpreter: bool
    form: Form | None
    asked_on: date
    place_pcode: str | None
    detained: bool | None
    minor: Minor
    guardian: Guardian | None
    expires_on: date | None
    recorded_by: str
    recorded_at: datetime


class ConsentsOut(BaseModel):
    """What counts now for each recipient and purpose, and every answer there ever was."""

    items: list[ConsentOut]
    history: list[ConsentOut]


class WithdrawnOut(BaseModel):
    """The answers that are no longer what they were; none, when all were a no already."""

    changed: list[ConsentOut]


class TextOut(BaseModel):
    """What is read to somebody before they answer; `{recipient}` is who would have the record."""

    version: str
    purpose: str
    language: str
    text: str


class TextsOut(BaseModel):
    current_version: str
    items: list[TextOut]


class ConsentClock(Table, table=True):
    """One row: when it was last said that every change was told, and how often it was said."""

    __tablename__ = "consent_clock"

    id: int = Field(default=1, primary_key=True)
    sequence: int = 1
    said_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
