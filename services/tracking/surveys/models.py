"""Surveys at points of flow monitoring: what is asked, how people are chosen, what they answer."""

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Shape
from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.jobs import Remark
from chassis.scoping import Scoping
from chassis.strict import Code, Day, PastDay, Strict, Text
from services.tracking.tables import Table

Sampling = Literal["random", "systematic", "quota", "convenience", "snowball", "everybody"]
Sex = Literal["male", "female", "unknown"]
AgeGroup = Literal["14_17", "18_29", "30_44", "45_59", "60_and_above", "unknown"]
"""Nobody under fourteen is asked."""
MOST_SHEETS = 1_000
MOST_QUESTIONS = 200
MOST_ANSWERS = 100


class QuestionIn(Strict):
    """A question with its answers, all as codes: what somebody says in words is not kept here."""

    code: Code
    answers: list[Code] = Shape(min_length=1, max_length=MOST_ANSWERS)
    takes_several: bool = False


class SurveyIn(Strict):
    """
    A survey as planned: of whom, and how those who are asked are chosen.

    `chosen` tells in words what `sampling` has as a code ("every tenth adult who leaves a bus").
    """

    external_id: Code
    name: Text
    population: Text
    sampling: Sampling
    chosen: Text
    starts_on: Day
    ends_on: Day
    questions: list[QuestionIn] = Shape(min_length=1, max_length=MOST_QUESTIONS)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends before it starts")
        codes = [each.code for each in self.questions]
        if len(set(codes)) < len(codes):
            raise ValueError("has a question twice")
        return self


class SheetIn(Strict):
    """One questionnaire, of nobody who could be named; `id` is made by whoever asks."""

    id: UUID
    day: PastDay
    sex: Sex
    age_group: AgeGroup
    nationality: Text
    answers: dict[Code, list[Code]] = Shape(max_length=MOST_QUESTIONS)


class SheetsIn(Strict):
    """Questionnaires of one survey at one point; each is taken or refused by itself."""

    survey_id: UUID
    site_id: UUID
    sheets: list[dict[str, Any]] = Shape(min_length=1, max_length=MOST_SHEETS)


class Survey(Table, table=True):
    __table_args__ = (UniqueConstraint("organisation", "external_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    external_id: str
    name: str
    population: str
    sampling: str
    chosen: str
    starts_on: date
    ends_on: date
    questions: list[dict[str, Any]] = Field(sa_type=JSON)
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Sheet(Table, table=True):
    """A questionnaire; it is summed only, and never shown."""

    __tablename__ = "survey_sheet"

    id: UUID = Field(primary_key=True)
    survey_id: UUID = Field(foreign_key="survey.id", index=True)
    site_id: UUID = Field(foreign_key="site.id")
    day: date
    sex: str
    age_group: str
    nationality: str
    organisation: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class Reply(Table, table=True):
    """An answer that was given on a questionnaire."""

    __tablename__ = "survey_reply"
    __table_args__ = (Index("ix_survey_reply_survey_id_question", "survey_id", "question"),)

    sheet_id: UUID = Field(primary_key=True, foreign_key="survey_sheet.id")
    question: str = Field(primary_key=True)
    answer: str = Field(primary_key=True)
    survey_id: UUID


SCOPING = Scoping(organisation=col(Survey.organisation))


class SurveyOut(BaseModel):
    id: UUID
    external_id: str
    name: str
    population: str
    sampling: Sampling
    chosen: str
    starts_on: date
    ends_on: date
    questions: list[QuestionIn]


class SurveysOut(BaseModel):
    items: list[SurveyOut]
    next_cursor: str | None


class SheetsOut(BaseModel):
    """What became of each row: new, known already, or refused; `row` counts from 1."""

    accepted: int
    unchanged: int
    rejected: int
    rejected_rows: list[Remark]
    warnings: list[Remark]


class AnswerOut(BaseModel):
    """How many gave an answer; null where they are so few, or would tell how many those are."""

    answer: str
    questionnaires: int | None


class ResultsOut(BaseModel):
    """
    The answers to a question as they were given by a sample.

    They count questionnaires and not people: nothing is scaled to the population, of which
    `population` tells who it is, and `sampling` and `chosen` how the sample was taken.
    """

    question: str
    population: str
    sampling: Sampling
    chosen: str
    takes_several: bool
    questionnaires: int
    answered: int | None
    items: list[AnswerOut]
