"""Sets of questions, mappings of files to them, and submissions: as kept and as shown."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel
from pydantic import Field as Bounded
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Code, PastDay, Pcode, Strict
from services.tracking.assessments.mappings import FileMapping
from services.tracking.assessments.questions import Answers, Choice, Component, Name, Question
from services.tracking.tables import Table


class QuestionSet(Table, table=True):
    """The questions of a form in one version, which is never changed."""

    __tablename__ = "question_set"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str
    version: int
    title: str
    component: str
    content: dict[str, Any] = Field(sa_type=JSON)
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class IntakeMapping(Table, table=True):
    """How files of one kind become answers to a set of questions."""

    __tablename__ = "intake_mapping"
    __table_args__ = (UniqueConstraint("question_set_id", "code"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    question_set_id: UUID = Field(foreign_key="question_set.id")
    code: str
    content: dict[str, Any] = Field(sa_type=JSON)
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Submission(Table, table=True):
    """
    One filled-in form about one place; `version` grows when it is sent again with other answers.

    `place_told` is what a file of another mission calls the place, where that is not ours.
    """

    __table_args__ = (UniqueConstraint("question_set_id", "external_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    question_set_id: UUID = Field(foreign_key="question_set.id")
    external_id: str
    round_number: int | None = Field(default=None, index=True)
    place_pcode: str | None = Field(default=None, index=True)
    place_told: str | None = None
    collected_on: date | None = None
    answers: Answers = Field(sa_type=JSON)
    version: int = 1
    organisation: str
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(Submission.organisation),
    place=col(Submission.place_pcode),
    created_by=col(Submission.created_by),
    created_at=col(Submission.created_at),
)


class SubmissionIn(Strict):
    """A filled-in form, its answers by question; to choose several is a list."""

    question_set_id: UUID
    external_id: Code
    round_number: Annotated[int, Bounded(strict=True, ge=1, le=9999)] | None = None
    place_pcode: Pcode
    collected_on: PastDay
    answers: dict[Name, Any]


class QuestionSetRow(BaseModel):
    id: UUID
    code: str
    version: int
    title: str
    component: Component
    created_at: datetime


class QuestionSetsOut(BaseModel):
    items: list[QuestionSetRow]
    next_cursor: str | None


class QuestionSetOut(QuestionSetRow):
    questions: list[Question]
    choices: dict[str, list[Choice]]


class MappingOut(BaseModel):
    id: UUID
    code: str
    mapping: FileMapping
    created_at: datetime


class MappingsOut(BaseModel):
    items: list[MappingOut]
    next_cursor: str | None = None


class SubmissionOut(BaseModel):
    id: UUID
    question_set_id: UUID
    external_id: str
    round_number: int | None
    place_pcode: str | None
    place_told: str | None
    collected_on: date | None
    answers: Answers
    version: int
    organisation: str
    created_at: datetime


class SubmissionsOut(BaseModel):
    items: list[SubmissionOut]
    next_cursor: str | None
