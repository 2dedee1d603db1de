"""The collection of a round: as planned, as kept with its state, and how much was covered."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Bounded
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Day, Strict
from services.tracking.assessments.questions import Component
from services.tracking.rounds.models import Population
from services.tracking.tables import Table

Step = Literal["planned", "collecting", "validating"]
Status = Step | Literal["published", "restated"]
"""Published is a round whose tables are, restated one of which another vintage is."""


class CollectionIn(Strict):
    """A round of one population: its number, its days, and which assessments are made."""

    round_number: Annotated[int, Bounded(strict=True, ge=1, le=9999)]
    population: Population
    starts_on: Day
    ends_on: Day
    assessments: Annotated[list[Component], Bounded(min_length=1, max_length=3)]

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("A collection ends on the day it starts, or after it.")
        if len(set(self.assessments)) < len(self.assessments):
            raise ValueError("An assessment is named once.")
        return self


class CollectionChange(Strict):
    """Other days, or the next state; a collection that is validated may be taken up again."""

    status: Step | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class RoundCollection(Table, table=True):
    """When a round is collected, and how far that is."""

    __tablename__ = "round_collection"
    __table_args__ = (UniqueConstraint("round_number", "population"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_number: int
    population: str
    starts_on: date
    ends_on: date
    assessments: list[str] = Field(sa_type=JSON)
    status: str = "planned"
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class CollectionOut(BaseModel):
    id: UUID
    round_number: int
    population: Population
    starts_on: date
    ends_on: date
    assessments: list[Component]
    status: Status
    version: int
    created_at: datetime


class CollectionsOut(BaseModel):
    items: list[CollectionOut]
    next_cursor: str | None


class Covered(BaseModel):
    """How many places of a level were assessed, out of how many that are on the list."""

    level: int
    assessed: int
    of: int


class CoverageOut(BaseModel):
    """
    How much of the country, or of a place, a round has assessed.

    `on` is the day whose list of places counts. A place counts as assessed when a muhalla of it
    does; who was not asked is not the same as nobody being there.
    """

    round_number: int
    population: Population
    on: date
    levels: list[Covered]
    not_assessed: list[str]
